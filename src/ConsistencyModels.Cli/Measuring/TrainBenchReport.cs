using System.Globalization;
using ConsistencyModels.Cli.Reports;

namespace ConsistencyModels.Cli.Measuring;

/// <summary>What <c>cm bench --train</c> found.</summary>
internal sealed record TrainBenchReport
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

    /// <summary>Pictures of a step.</summary>
    public required int Batch { get; init; }

    /// <summary>What the steps took.</summary>
    public required RoundTimes Times { get; init; }

    /// <summary>Operations of both passes for one picture with direct convolutions.</summary>
    public required double Operations { get; init; }

    /// <summary>Parameters of the network.</summary>
    public required long Parameters { get; init; }

    /// <summary>Resident memory after the steps.</summary>
    public required long SteadyBytes { get; init; }

    /// <summary>The most there was.</summary>
    public required long PeakBytes { get; init; }

    /// <summary>What is to be known of the model.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Whether the JSON lists every step.</summary>
    public bool AllRounds { get; init; }

    private double ImagesASecond => Batch / Times.Median;

    private double Rate => Operations * Batch / Times.Median;

    /// <summary>Writes it for people.</summary>
    public void Write(TextWriter output) => TextLines.Write(output, (List<(string, string)>)
    [
        ("model", Format($"{Model}, {Sizes.Count(Parameters)} parameters, {Operations / Billion:F2} GFLOP a picture, forward and back")),
        ("engine", $"{Engine} on {Device}, {Threads} threads; {Machine.Processor()}"),
        ("a step", Format($"{1000 * Times.Median:F0} ms (batch {Batch}; median of {Times.Count}, {1000 * Times.Least:F0} to {1000 * Times.Most:F0} ms)")),
        ("pictures", Format($"{ImagesASecond:F2} a second")),
        ("speed", Format($"{Rate / Billion:F0} GFLOP/s as direct convolutions")),
        ("memory", $"{Sizes.Bytes(SteadyBytes)}, {Sizes.Bytes(PeakBytes)} at its peak"),
    ]);

    /// <summary>Writes it for programs; times in seconds, memory in bytes.</summary>
    public void WriteJson(TextWriter output) => JsonText.Write(output, json =>
    {
        json.WriteString("model", Model);
        json.WriteString("engine", Engine);
        json.WriteString("device", Device);
        json.WriteString("processor", Machine.Processor());
        json.WriteNumber("threads", Threads);
        json.WriteNumber("batch", Batch);
        JsonText.Strings(json, "notes", Notes);
        Times.WriteTo(json, AllRounds);
        json.WriteNumber("images_per_second", ImagesASecond);
        json.WriteNumber("operations_per_image", Operations);
        json.WriteNumber("gflops", Rate / Billion);
        json.WriteNumber("parameters", Parameters);
        json.WriteNumber("steady_bytes", SteadyBytes);
        json.WriteNumber("peak_bytes", PeakBytes);
    });

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
