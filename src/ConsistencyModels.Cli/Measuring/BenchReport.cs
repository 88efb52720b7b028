using System.Globalization;
using ConsistencyModels.Cli.Reports;

namespace ConsistencyModels.Cli.Measuring;

/// <summary>What <c>cm bench</c> found.</summary>
internal sealed record BenchReport
{
    private const double Billion = 1e9;

    /// <summary>The model's name.</summary>
    public required string Model { get; init; }

    /// <summary>The engine's name.</summary>
    public required string Engine { get; init; }

    /// <summary>cpu, cuda or cuda:N.</summary>
    public required string Device { get; init; }

    /// <summary>Compute threads.</summary>
    public required int Threads { get; init; }

    /// <summary>Pictures at once.</summary>
    public required int Batch { get; init; }

    /// <summary>Steps of the sampler.</summary>
    public required int Steps { get; init; }

    /// <summary>Network calls per picture.</summary>
    public required int Calls { get; init; }

    /// <summary>Seconds of each round, from noise to floats.</summary>
    public required IReadOnlyList<double> Seconds { get; init; }

    /// <summary>From opening the model to a network that is ready.</summary>
    public required double LoadSeconds { get; init; }

    /// <summary>Operations of one network call for one picture with direct convolutions.</summary>
    public required double Operations { get; init; }

    /// <summary>Operations a second the processor can do at most with these threads; null on another device.</summary>
    public required double? PeakRate { get; init; }

    /// <summary>Resident memory after the rounds.</summary>
    public required long SteadyBytes { get; init; }

    /// <summary>The most there was.</summary>
    public required long PeakBytes { get; init; }

    /// <summary>The weights as float32.</summary>
    public required long WeightBytes { get; init; }

    /// <summary>What has to be said about the model.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Whether the JSON lists every round.</summary>
    public bool AllRounds { get; init; }

    private RoundTimes Times => new(Seconds);

    private double Median => Times.Median;

    private double MillisecondsAnImage => 1000 * Median / Batch;

    private double ImagesASecond => Batch / Median;

    private double Rate => Operations * Batch * Calls / Median;

    /// <summary>Writes it for people.</summary>
    public void Write(TextWriter output)
    {
        List<(string, string)> lines =
        [
            ("model", $"{Model}, {Sizes.Bytes(WeightBytes)} of float32 weights, {Format($"{Operations / Billion:F2}")} GFLOP a network call"),
            ("engine", $"{Engine} on {Device}, {Threads} threads; {Machine.Processor()}"),
            ("loading", Format($"{LoadSeconds:F2} s")),
            ("a picture", Format($"{MillisecondsAnImage:F1} ms (batch {Batch}, {Steps} step{(Steps == 1 ? "" : "s")}; median of {Seconds.Count} rounds, {1000 * Seconds.Min() / Batch:F1} to {1000 * Seconds.Max() / Batch:F1} ms)")),
            ("pictures", Format($"{ImagesASecond:F2} a second")),
            ("speed", PeakRate is { } peak
                ? Format($"{Rate / Billion:F0} GFLOP/s as direct convolutions, {100 * Rate / peak:F0}% of the FMA peak of {peak / Billion:F0} GFLOP/s")
                : Format($"{Rate / Billion:F0} GFLOP/s as direct convolutions")),
            ("memory", Format($"{Sizes.Bytes(SteadyBytes)}, {Sizes.Bytes(PeakBytes)} at its peak: {(double)SteadyBytes / WeightBytes:F2} and {(double)PeakBytes / WeightBytes:F2} times the weights")),
        ];
        TextLines.Write(output, lines);
    }

    /// <summary>Writes it for programs; times in seconds, memory in bytes.</summary>
    public void WriteJson(TextWriter output) => JsonText.Write(output, json =>
    {
        json.WriteString("model", Model);
        json.WriteString("engine", Engine);
        json.WriteString("device", Device);
        json.WriteString("processor", Machine.Processor());
        json.WriteNumber("threads", Threads);
        json.WriteNumber("batch", Batch);
        json.WriteNumber("steps", Steps);
        json.WriteNumber("network_calls", Calls);
        json.WriteNumber("load_seconds", LoadSeconds);
        JsonText.Strings(json, "notes", Notes);
        Times.WriteTo(json, AllRounds);
        json.WriteNumber("ms_per_image", MillisecondsAnImage);
        json.WriteNumber("images_per_second", ImagesASecond);
        json.WriteNumber("operations_per_call", Operations);
        json.WriteNumber("gflops", Rate / Billion);
        if (PeakRate is { } peak)
        {
            json.WriteNumber("fma_peak_gflops", peak / Billion);
            json.WriteNumber("share_of_fma_peak", Rate / peak);
        }

        json.WriteNumber("weight_bytes", WeightBytes);
        json.WriteNumber("steady_bytes", SteadyBytes);
        json.WriteNumber("peak_bytes", PeakBytes);
    });

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
