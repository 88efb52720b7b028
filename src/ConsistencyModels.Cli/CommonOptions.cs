using System.CommandLine;
using ConsistencyModels.Checkpoints;

namespace ConsistencyModels.Cli;

/// <summary>Options that several commands share.</summary>
internal static class CommonOptions
{
    /// <summary>Where to compute.</summary>
    public static Option<string?> Device() => Options.Text("--device", "cpu (default), cuda or cuda:N", "DEVICE");

    /// <summary>A precision.</summary>
    public static Option<string?> DType(string help) => Options.OneOf("--dtype", help, "f32", "f16", "bf16");

    /// <summary>Compute threads.</summary>
    public static Option<int?> Threads() => Options.Whole("--threads", "Compute threads; default: the engine's choice", 1, 4096);

    /// <summary>The element type of a word of <see cref="DType"/>.</summary>
    public static TensorDType DTypeOf(string? word) => word switch
    {
        "f16" => TensorDType.F16,
        "bf16" => TensorDType.BF16,
        _ => TensorDType.F32,
    };
}
