using System.Reflection;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cpu;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Engines;

/// <summary>The engines this process knows. Engines register themselves; pipelines take the default unless told otherwise. Thread-safe.</summary>
public static class NetworkEngines
{
    private static readonly EngineRegistry Registry = WithCpu(new(static name => Assembly.Load(name)));

    /// <summary>The engines registered so far, in order.</summary>
    public static IReadOnlyList<INetworkEngine> Registered => Registry.Registered;

    /// <summary>
    /// The engine for a device and precision: the managed <see cref="CpuEngine"/> on the CPU in float32 or float16, else the
    /// engine "torch", whose assembly ConsistencyModels.Torch is looked for beside the program and loaded.
    /// </summary>
    /// <exception cref="ConsistencyModelsException">The engine "torch" is wanted and its assembly is not there.</exception>
    public static INetworkEngine DefaultFor(EngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options is { Device: "cpu", DType: TensorDType.F32 or TensorDType.F16 } ? Registry.Default : Registry.Find("torch");
    }

    /// <summary>Adds an engine; one of the same name is replaced.</summary>
    public static void Register(INetworkEngine engine) => Registry.Register(engine);

    /// <summary>The engine of a name, whatever its case. "torch" is loaded on demand.</summary>
    /// <param name="name"><see cref="INetworkEngine.Name"/>: "torch", "cpu".</param>
    /// <exception cref="ConsistencyModelsException">There is no such engine.</exception>
    public static INetworkEngine Find(string name) => Registry.Find(name);

    private static EngineRegistry WithCpu(EngineRegistry registry)
    {
        registry.Register(new CpuEngine());
        return registry;
    }
}
