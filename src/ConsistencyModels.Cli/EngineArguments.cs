using System.CommandLine;
using ConsistencyModels.Engines;

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

    /// <summary>Adds them to a command, the model first.</summary>
    public void AddTo(Command command)
    {
        command.Add(_model);
        AddAllButModelTo(command);
    }

    /// <summary>Adds them to a command that takes the model as an argument.</summary>
    public void AddAllButModelTo(Command command)
    {
        foreach (var option in (Option[])[_engine, _device, _dtype, .. chunk ? [_chunk] : Array.Empty<Option>(), _threads, _memory, _packedCache])
        {
            command.Add(option);
        }

        _files.AddTo(command);
    }

    /// <summary>What was said.</summary>
    public EngineSettings Read(ParseResult result) => Read(result, result.GetValue(_model));

    /// <summary>What was said to a command that takes the model as an argument.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="model">The model; null for the bundled one.</param>
    public EngineSettings Read(ParseResult result, string? model) => new()
    {
        Model = _files.Read(result, model),
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
