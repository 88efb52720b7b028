namespace ConsistencyModels.Bench.Engines;

/// <summary>Start and memory of a contender's process.</summary>
/// <param name="Model">The model.</param>
/// <param name="Contender">Who.</param>
/// <param name="Threads">Threads.</param>
/// <param name="LoadSeconds">From opening the weights to a network that is ready.</param>
/// <param name="Batch">Images of the largest pass so far.</param>
/// <param name="SteadyBytes">Resident after it.</param>
/// <param name="PeakBytes">The most that was resident.</param>
/// <param name="WeightBytes">The weights as float32.</param>
internal sealed record MemoryResult(
    string Model, string Contender, int Threads, double LoadSeconds, int Batch, double SteadyBytes, double PeakBytes, double WeightBytes);
