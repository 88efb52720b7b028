namespace ConsistencyModels.Cpu.Packing;

/// <summary>The gradients of a network's parameters in one block of memory, in the file's order.</summary>
/// <param name="start">First of them.</param>
/// <param name="places">Where each parameter's are.</param>
internal readonly unsafe struct FlatGradients(float* start, IReadOnlyDictionary<string, long> places)
{
    /// <summary>Those of a parameter.</summary>
    public float* Of(string parameter) => start + places[parameter];
}
