using ConsistencyModels.Models;

namespace ConsistencyModels.Training.Runs;

/// <summary>How good the averaged model is, measured on the way by whoever knows how: training changes in nothing by it.</summary>
/// <param name="EveryImages">Images between two measurements, at least 1; the last one is at the end of the run.</param>
/// <param name="Measure">Draws from a model and gives numbers with their names. The model lives as long as the call.</param>
public sealed record PeriodicEvaluation(long EveryImages, Func<Model, CancellationToken, IReadOnlyList<KeyValuePair<string, double>>> Measure);
