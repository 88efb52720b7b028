using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Engines;

/// <summary>What stands behind <see cref="NetworkEngines"/>, as an object so that tests can have their own.</summary>
/// <param name="loadAssembly">Loads an engine's assembly by name; throws <see cref="FileNotFoundException"/> if it is not there.</param>
internal sealed class EngineRegistry(Func<string, Assembly> loadAssembly)
{
    private const string TorchName = "torch";
    private const string TorchAssembly = "ConsistencyModels.Torch";

    private ImmutableArray<INetworkEngine> _engines = [];

    public IReadOnlyList<INetworkEngine> Registered => _engines;

    public INetworkEngine Default => _engines is [var first, ..] ? first : Find(TorchName);

    public void Register(INetworkEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ImmutableInterlocked.Update(
            ref _engines,
            static (engines, added) => engines.FirstOrDefault(e => Same(e.Name, added.Name)) is { } old ? engines.Replace(old, added) : engines.Add(added),
            engine);
    }

    public INetworkEngine Find(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (Lookup(name) is { } engine)
        {
            return engine;
        }

        if (Same(name, TorchName))
        {
            LoadTorch();
            return Lookup(name)
                ?? throw new ConsistencyModelsException($"{TorchAssembly} is loaded, but registered no engine \"{TorchName}\".");
        }

        var known = string.Join(", ", _engines.Select(e => $"\"{e.Name}\""));
        throw new ConsistencyModelsException($"There is no engine \"{name}\"; registered: {(known.Length == 0 ? "none" : known)}.");
    }

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);

    private INetworkEngine? Lookup(string name) => _engines.FirstOrDefault(e => Same(e.Name, name));

    private void LoadTorch()
    {
        try
        {
            // Loading an assembly does not run its module initializer, in which the engine registers itself.
            RuntimeHelpers.RunModuleConstructor(loadAssembly(TorchAssembly).ManifestModule.ModuleHandle);
        }
        catch (Exception e) when (e is FileNotFoundException or FileLoadException or BadImageFormatException)
        {
            throw new ConsistencyModelsException(
                $"No network engine is registered and {TorchAssembly} is not beside the program: reference the package {TorchAssembly}, or call NetworkEngines.Register.", e);
        }
    }
}
