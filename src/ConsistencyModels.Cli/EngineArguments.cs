using System.CommandLine;

namespace ConsistencyModels.Cli;

/// <summary>The options of <see cref="EngineSettings"/>.</summary>
internal sealed class EngineArguments
{
    private readonly Option<string?> _model = OptionOf.Text("--model", "A model's folder as diffusers writes it; default: the bundled model of 32x32 tiles", "FOLDER", "-m");
    private readonly Option<string?> _engine = OptionOf.Text("--engine", "What runs the network: cpu or torch; default: the fastest there is", "NAME");
    private readonly Option<string?> _device = ModelOptions.Device();
    private readonly Option<string?> _dtype = ModelOptions.DType("Precision to compute in; default: f32");
    private readonly Option<string?> _variant = OptionOf.Text("--variant", "Which weights of the folder, such as fp16; default: the plain ones", "NAME");
    private readonly Option<int?> _chunk = OptionOf.Whole("--chunk", "Most pictures in one pass, which bounds memory; no picture depends on it; default: by their size", 1);
    private readonly Option<int?> _threads = ModelOptions.Threads();
    private readonly Option<string?> _memory = OptionOf.OneOf("--memory", "Weights of the engine cpu: normal (default), or low: half the memory, about a quarter slower for one picture, results differ by up to a hundredth", "normal", "low");
    private readonly Option<string?> _packedCache = OptionOf.OneOf("--packed-cache", "Keep the weights of large models on disk as the engine cpu packs them, for the next start; default: on", "on", "off");

    /// <summary>Adds them to a command, the model first.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _model, _engine, _device, _dtype, _variant, _chunk, _threads, _memory, _packedCache })
        {
            command.Add(option);
        }
    }

    /// <summary>What was said.</summary>
    public EngineSettings Read(ParseResult result) => new()
    {
        Model = result.GetValue(_model),
        Engine = result.GetValue(_engine),
        Device = result.GetValue(_device) ?? "cpu",
        DType = ModelOptions.DTypeOf(result.GetValue(_dtype)),
        Variant = result.GetValue(_variant),
        Chunk = result.GetValue(_chunk) ?? 0,
        Threads = result.GetValue(_threads) ?? 0,
        LowMemory = result.GetValue(_memory) == "low",
        PackedCache = result.GetValue(_packedCache) != "off",
    };
}
