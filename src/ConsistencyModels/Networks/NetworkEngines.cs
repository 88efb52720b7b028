using System.Reflection;

namespace ConsistencyModels.Networks;

/// <summary>The engines this process knows. Engines register themselves; pipelines take the default unless told otherwise. Thread-safe.</summary>
public static class NetworkEngines
{
    private static readonly EngineRegistry Registry = new(static name => Assembly.Load(name));

    /// <summary>The engines registered so far, in order.</summary>
    public static IReadOnlyList<INetworkEngine> Registered => Registry.Registered;

    /// <summary>The engine registered first. If there is none, ConsistencyModels.Torch is looked for beside the program and loaded.</summary>
    /// <exception cref="ConsistencyModelsException">No engine is registered and none was found.</exception>
    public static INetworkEngine Default => Registry.Default;

    /// <summary>Adds an engine; one of the same name is replaced.</summary>
    public static void Register(INetworkEngine engine) => Registry.Register(engine);

    /// <summary>The engine of a name, whatever its case. "torch" is loaded on demand.</summary>
    /// <param name="name"><see cref="INetworkEngine.Name"/>: "torch", "cpu".</param>
    /// <exception cref="ConsistencyModelsException">There is no such engine.</exception>
    public static INetworkEngine Find(string name) => Registry.Find(name);
}
