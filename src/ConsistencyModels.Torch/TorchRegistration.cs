using System.Runtime.CompilerServices;
using ConsistencyModels.Engines;

namespace ConsistencyModels.Torch;

/// <summary>Makes the engine known as soon as this assembly is used; it loads nothing of libtorch yet.</summary>
internal static class TorchRegistration
{
#pragma warning disable CA2255 // A library should not have one: here it is the point, pipelines find the engine without naming it.
    [ModuleInitializer]
    internal static void Register() => NetworkEngines.Register(new TorchEngine());
#pragma warning restore CA2255
}
