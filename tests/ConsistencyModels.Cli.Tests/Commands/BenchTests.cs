using System.Text.Json;

namespace ConsistencyModels.Cli.Tests.Commands;

public sealed class BenchTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly string _model;

    public BenchTests() => _model = TinyModel.Make(_folder);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("cpu")]
    [InlineData("torch")]
    public void Numbers_fit_each_other(string engine)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var output = Cm.Succeed("bench", _model, "--engine", engine, "--batch", "3", "--threads", "1", "--steps", "2", "--rounds", "4", "--json", "--all-rounds").Out;
        var report = JsonDocument.Parse(output).RootElement;
        double Number(string name) => report.GetProperty(name).GetDouble();

        Assert.Equal((engine, 1, 3, 2), (report.GetProperty("engine").GetString(), (int)Number("threads"), (int)Number("batch"), (int)Number("steps")));
        double[] seconds = [.. report.GetProperty("seconds").EnumerateArray().Select(one => one.GetDouble())];
        Assert.Equal(4, seconds.Length);
        Assert.InRange(seconds.Sum() + Number("load_seconds"), 0, clock.Elapsed.TotalSeconds);
        Assert.Equal((4, seconds.Min(), seconds.Max()), ((int)Number("rounds"), Number("seconds_least"), Number("seconds_most")));
        Assert.InRange(Number("seconds_median"), Number("seconds_lower_quartile"), Number("seconds_upper_quartile"));
        Assert.InRange(Number("ms_per_image"), 1000 * seconds.Min() / 3, 1000 * seconds.Max() / 3);
        Assert.Equal(1000, Number("ms_per_image") * Number("images_per_second"), 1e-6);
        Assert.Equal(Number("gflops"), 2 * Number("operations_per_call") * Number("images_per_second") / 1e9, 1e-9);
        Assert.Equal(Number("share_of_fma_peak"), Number("gflops") / Number("fma_peak_gflops"), 1e-9);
        Assert.InRange(Number("steady_bytes"), Number("weight_bytes"), Number("peak_bytes"));
    }

    [Fact]
    public void Programs_get_every_round_only_when_they_ask() =>
        Assert.DoesNotContain("\"seconds\"", Cm.Succeed("bench", _model, "--rounds", "2", "--json").Out, StringComparison.Ordinal);

    [Fact]
    public void People_get_a_few_lines()
    {
        var lines = Cm.Succeed("bench", _model, "--rounds", "1").OutLines;
        Assert.Equal(["model", "engine", "loading", "a picture", "pictures", "speed", "memory"], lines.Select(line => line[..11].Trim()));
        Assert.Contains("batch 1, 1 step;", lines[3]);
    }

    [Theory]
    [InlineData("cpu")]
    [InlineData("torch")]
    public void Steps_of_training_are_measured_too(string engine)
    {
        var output = Cm.Succeed("bench", _model, "--train", "--engine", engine, "--batch", "3", "--threads", "1", "--rounds", "4", "--json", "--all-rounds").Out;
        var report = JsonDocument.Parse(output).RootElement;
        double Number(string name) => report.GetProperty(name).GetDouble();

        Assert.Equal((engine, 1, 3), (report.GetProperty("engine").GetString(), (int)Number("threads"), (int)Number("batch")));
        double[] seconds = [.. report.GetProperty("seconds").EnumerateArray().Select(one => one.GetDouble())];
        Assert.Equal(4, seconds.Length);
        Assert.InRange(Number("seconds_median"), seconds.Min(), seconds.Max());
        Assert.Equal(3, Number("seconds_median") * Number("images_per_second"), 1e-6);
        Assert.Equal(Number("gflops"), Number("operations_per_image") * Number("images_per_second") / 1e9, 1e-9);
        Assert.InRange(Number("steady_bytes"), 4 * Number("parameters"), Number("peak_bytes"));
        var lines = Cm.Succeed("bench", _model, "--train", "--rounds", "1").OutLines;
        Assert.Equal(["model", "engine", "a step", "pictures", "speed", "memory"], lines.Select(line => line[..9].Trim()));
        Assert.Contains("cpu on cpu", lines[1]);
        Assert.Contains("batch 16;", lines[2]);
    }

    [Theory]
    [InlineData("--train --steps 2", "--steps")]
    [InlineData("--train --memory low", "--memory")]
    [InlineData("--train --engine cpu --dtype bf16", "BF16")]
    [InlineData("--batch 0", "--batch is '0'")]
    [InlineData("--threads none", "--threads is 'none'")]
    [InlineData("--steps 41", "41")]
    [InlineData("--engine warp", "warp")]
    public void Mistakes_are_one_line(string words, string expected) =>
        Assert.Contains(expected, Cm.Refuse(["bench", _model, .. words.Split(' ')]));
}
