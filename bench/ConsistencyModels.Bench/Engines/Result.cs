namespace ConsistencyModels.Bench.Engines;

/// <summary>What was measured of one contender with one model, at one number of threads and one batch size.</summary>
/// <param name="Model">The model.</param>
/// <param name="Contender">Who.</param>
/// <param name="Threads">Threads.</param>
/// <param name="Batch">Images of a pass.</param>
/// <param name="Seconds">Each round's pass.</param>
/// <param name="PeakRate">The processor's peak in this run, operations a second.</param>
/// <param name="Operations">Operations of a pass with direct convolutions.</param>
internal sealed record Result(string Model, string Contender, int Threads, int Batch, IReadOnlyList<double> Seconds, double PeakRate, double Operations)
{
    /// <summary>The middle round.</summary>
    public double Median => Report.Median(Seconds);

    /// <summary>Time of an image.</summary>
    public double MillisecondsAnImage => 1000 * Median / Batch;

    /// <summary>Operations of direct convolutions that would have to be done in that time; an algorithm with fewer can exceed the peak.</summary>
    public double Rate => Operations / Median;

    /// <summary>The time against the least that any direct convolution takes: below 1 is faster than all of them could be.</summary>
    public double OfDirectFloor => Median * PeakRate / Operations;

    /// <summary>How many times as long another took, by the middle of the rounds' ratios: rounds pair what was run under one load.</summary>
    public double RatioOf(Result other) => Report.Median(Seconds.Zip(other.Seconds, (mine, theirs) => theirs / mine));
}
