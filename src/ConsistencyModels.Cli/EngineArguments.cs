using System.CommandLine;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cli.Help;
using ConsistencyModels.Cpu;
using ConsistencyModels.Engines;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Pipelines;

namespace ConsistencyModels.Cli;

/// <summary>The options of <see cref="EngineSettings"/>.</summary>
/// <param name="engines">The engines there are.</param>
/// <param name="chunk">Whether the command draws a stream of pictures, of which <c>--chunk</c> are drawn at once.</param>
internal sealed class EngineArguments(EngineRegistry engines, bool chunk = true)
{
    private readonly Option<string?> _model = ModelArguments.Model();
    private readonly ModelArguments _files = new();
    private readonly Option<string?> _engine = Engine(engines);
    private readonly Option<string?> _device = CommonOptions.Device();
    private readonly Option<string?> _dtype = CommonOptions.DType("Precision to compute in; default: f32");
    private readonly Option<int?> _chunk = Options.Whole("--chunk", "Pictures drawn at once, which bounds memory; no picture depends on it; default: by their size", 1);
    private readonly Option<int?> _threads = CommonOptions.Threads();
    private readonly Option<string?> _memory = Options.OneOf("--memory", "Weights of the engine cpu: normal (default), or low: half the memory, one picture takes up to 1.6 times as long, values differ by up to a hundredth", "normal", "low");
    private readonly Option<string?> _packedCache = Options.OneOf("--packed-cache", "Keep the weights of large models on disk as the engine cpu packs them, for the next start; default: on", "on", "off");

    /// <summary>The option that names the model.</summary>
    public Option<string?> ModelOption => _model;

    /// <summary>Adds them to a command.</summary>
    public void AddTo(CliCommand command)
    {
        command.Add(_model);
        command.AddGroup("What runs it", [_engine, _device, _dtype, .. chunk ? [_chunk] : Array.Empty<Option>(), _threads, _memory, _packedCache]);
        _files.AddTo(command);
    }

    /// <summary>What was said.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="model">The model where the command takes it as an argument too; null if it was not given so.</param>
    public EngineSettings Read(ParseResult result, string? model = null) => new()
    {
        Model = _files.Read(result, ModelArguments.OneOf(model, result.GetValue(_model))),
        Engines = engines,
        Engine = result.GetValue(_engine),
        Device = result.GetValue(_device) ?? "cpu",
        DType = CommonOptions.DTypeOf(result.GetValue(_dtype)),
        Chunk = chunk ? result.GetValue(_chunk) ?? 0 : 0,
        Threads = result.GetValue(_threads) ?? 0,
        LowMemory = result.GetValue(_memory) == "low",
        PackedCache = result.GetValue(_packedCache) != "off",
    };

    private static Option<string?> Engine(EngineRegistry engines)
    {
        var option = Options.Text("--engine", "What runs the network: cpu (managed code; default on a CPU) or torch (libtorch; default for bf16 and GPUs)", "NAME");
        option.CompletionSources.Add([.. engines.Names]);
        return option;
    }
}

/// <summary>Which model, and what runs it.</summary>
internal sealed record EngineSettings
{
    /// <summary>Which model.</summary>
    public ModelSettings Model { get; init; } = new();

    /// <summary>The engines there are.</summary>
    public required EngineRegistry Engines { get; init; }

    /// <summary>Name of the engine; null for the first that can run it.</summary>
    public string? Engine { get; init; }

    /// <summary>cpu, cuda or cuda:N.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Precision to compute in.</summary>
    public TensorDType DType { get; init; } = TensorDType.F32;

    /// <summary>Pictures drawn at once; 0 chooses by their size.</summary>
    public int Chunk { get; init; }

    /// <summary>Compute threads; 0 for the engine's choice.</summary>
    public int Threads { get; init; }

    /// <summary>Whether the engine cpu keeps weights in half precision.</summary>
    public bool LowMemory { get; init; }

    /// <summary>Whether the engine cpu keeps packed weights on disk.</summary>
    public bool PackedCache { get; init; } = true;

    /// <summary>Loads the network of a model.</summary>
    /// <param name="model">The model; borrowed.</param>
    /// <param name="cancellation">Ends the loading.</param>
    public DiffusionPipeline Load(Model model, CancellationToken cancellation) =>
        DiffusionPipeline.FromModel(model, new PipelineOptions { Engine = FindEngine(), Device = Device, DType = DType, Threads = Threads }, cancellation);

    private INetworkEngine FindEngine()
    {
        var used = Engine is { } name ? Engines.Find(name) : Engines.For(new EngineOptions { Device = Device, DType = DType });
        return used is CpuEngine ? new CpuEngine(new CpuEngineOptions { Memory = LowMemory ? CpuMemory.Low : CpuMemory.Normal, PackedCache = PackedCache })
            : LowMemory ? throw new ConsistencyModelsException($"--memory low is for the engine cpu, and this would be the engine {used.Name}")
            : used;
    }
}
