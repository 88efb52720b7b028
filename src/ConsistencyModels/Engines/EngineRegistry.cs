using System.Collections.Immutable;
using System.Globalization;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cpu;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Engines;

/// <summary>
/// The engines a program has, in order of preference. Immutable: a program makes one where it starts and passes it on, so that
/// neither a test nor a second tenant of the process can change another's engines.
/// </summary>
public sealed class EngineRegistry
{
    private readonly ImmutableArray<Entry> _entries;

    /// <summary>Takes engines.</summary>
    /// <param name="engines">The engines, the preferred first; none for a program that adds its own with <see cref="With(INetworkEngine)"/>.</param>
    public EngineRegistry(params IReadOnlyList<INetworkEngine> engines)
        : this(engines.Aggregate(ImmutableArray<Entry>.Empty, (entries, engine) => Add(entries, engine.Name, new(engine))))
    {
    }

    private EngineRegistry(ImmutableArray<Entry> entries) => _entries = entries;

    /// <summary>The library's own engine alone: <see cref="CpuEngine"/>.</summary>
    public static EngineRegistry Managed { get; } = new(new CpuEngine());

    /// <summary>Names of the engines, the preferred first.</summary>
    public IReadOnlyList<string> Names => [.. _entries.Select(entry => entry.Name)];

    /// <summary>These engines and one more, after them; one of the same name is replaced in its place.</summary>
    /// <param name="engine">The engine.</param>
    public EngineRegistry With(INetworkEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        return new(Add(_entries, engine.Name, new(engine)));
    }

    /// <summary>The same for an engine that is made when it is first asked for, so that its assembly is not loaded before.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="make">Makes it; called once.</param>
    public EngineRegistry With(string name, Func<INetworkEngine> make)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(make);
        return new(Add(_entries, name, new(make)));
    }

    /// <summary>The engine of a name, whatever its case.</summary>
    /// <param name="name"><see cref="INetworkEngine.Name"/>: "cpu", "torch".</param>
    /// <exception cref="ConsistencyModelsException">There is no such engine; the known ones are named.</exception>
    public INetworkEngine Find(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return _entries.FirstOrDefault(entry => Same(entry.Name, name))?.Engine.Value
            ?? throw new ConsistencyModelsException($"there is no engine \"{name}\"; expected one of {Known()}");
    }

    /// <summary>The first engine that can run what is asked for.</summary>
    /// <param name="options">Device and precision.</param>
    /// <exception cref="ConsistencyModelsException">None can; the message says which there are and how to get another.</exception>
    public INetworkEngine For(EngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return _entries.Select(entry => entry.Engine.Value).FirstOrDefault(engine => engine.CanRun(options))
            ?? throw new ConsistencyModelsException(
                !IsDevice(options.Device) ? $"the device: found \"{options.Device}\", expected cpu, cuda or cuda:N" :
                $"no engine runs {options.DType.FormatName()} on the device \"{options.Device}\"; found {Known()}: the package ConsistencyModels.Torch has one for CUDA and bfloat16");
    }

    /// <summary>The first engine that can train as is asked for, or the one of a name.</summary>
    /// <param name="options">Device and precision.</param>
    /// <param name="name">The engine's name, or null for the first that can.</param>
    /// <exception cref="ConsistencyModelsException">None can, or that one cannot; the message says how to get one.</exception>
    public ITrainingEngine ForTraining(EngineOptions options, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (name is not null)
        {
            return Find(name) is ITrainingEngine named && named.CanTrain(options)
                ? named
                : throw new ConsistencyModelsException($"the engine \"{name}\" does not train in {options.DType.FormatName()} on the device \"{options.Device}\"");
        }

        return _entries.Select(entry => entry.Engine.Value).OfType<ITrainingEngine>().FirstOrDefault(engine => engine.CanTrain(options))
            ?? throw new ConsistencyModelsException(
                $"no engine trains in {options.DType.FormatName()} on the device \"{options.Device}\"; found {Known()}: the package ConsistencyModels.Torch has one");
    }

    private static bool IsDevice(string word) =>
        Same(word, "cpu") || Same(word, "cuda") || (word.StartsWith("cuda:", StringComparison.OrdinalIgnoreCase) && int.TryParse(word[5..], CultureInfo.InvariantCulture, out _));

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);

    private static ImmutableArray<Entry> Add(ImmutableArray<Entry> entries, string name, Lazy<INetworkEngine> engine)
    {
        var added = new Entry(name, engine);
        return entries.FirstOrDefault(entry => Same(entry.Name, name)) is { } old ? entries.Replace(old, added) : entries.Add(added);
    }

    private string Known() => _entries.IsEmpty ? "none" : string.Join(", ", _entries.Select(entry => $"\"{entry.Name}\""));

    private sealed record Entry(string Name, Lazy<INetworkEngine> Engine);
}
