using System.Diagnostics;
using ConsistencyModels.Cpu;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Pipelines;

namespace ConsistencyModels.Cli.Measuring;

/// <summary>Generates pictures over and over and takes the time.</summary>
internal static class BenchRun
{
    private const int FewestRounds = 3;

    /// <summary>Measures.</summary>
    /// <param name="model">The model.</param>
    /// <param name="settings">What to measure.</param>
    /// <param name="report">Told which part is done.</param>
    /// <param name="cancellation">Observed between layers.</param>
    public static BenchReport Measure(Model model, BenchSettings settings, Action<double, string> report, CancellationToken cancellation)
    {
        if (model.Config.SampleSize is not { } size)
        {
            throw new ConsistencyModelsException($"{model.Path}: sample_size is null, so there is no size to measure at");
        }

        var options = new GenerateOptions
        {
            BatchSize = settings.Batch,
            NumInferenceSteps = settings.Steps,
            Seed = 0,
            OutputType = OutputType.Raw,
        };
        var request = Options.Checked(() => SamplingRequest.For(model, options), "--steps", "--batch", "22,0");
        var values = new float[request.Shape.Length];
        var clock = Stopwatch.StartNew();
        using var pipeline = settings.Engine.Load(model, cancellation);
        var loading = clock.Elapsed.TotalSeconds;
        var network = UNet2DDescription.Of(pipeline.Config);
        var threads = settings.Engine.Threads == 0 ? Environment.ProcessorCount : Math.Min(settings.Engine.Threads, Environment.ProcessorCount);
        var peak = settings.Engine.Device == "cpu" ? FmaPeak.Measure(threads) : (double?)null;

        // The first call makes plans, arenas and caches; the next ones are what the runtime compiles anew by.
        var warming = Stopwatch.StartNew();
        do
        {
            pipeline.Generate(options, values, cancellation);
        }
        while (warming.Elapsed < BenchSettings.WarmUp);
        (pipeline.Network as CpuUNet)?.WhenSaved.Wait(cancellation);
        List<double> seconds = [];
        while (!Done(seconds, settings))
        {
            var round = Stopwatch.StartNew();
            pipeline.Generate(options, values, cancellation);
            seconds.Add(round.Elapsed.TotalSeconds);
            report(Part(seconds, settings), $"round {seconds.Count}");
        }

        using var process = Process.GetCurrentProcess();
        return new BenchReport
        {
            Model = settings.Engine.Model.ShortName,
            Notes = model.Notes,
            Engine = settings.Engine.Engine ?? settings.Engine.Engines.For(new EngineOptions { Device = settings.Engine.Device, DType = settings.Engine.DType }).Name,
            Device = settings.Engine.Device,
            Threads = threads,
            Batch = settings.Batch,
            Steps = settings.Steps,
            Calls = request.Sampler.NetworkEvaluations,
            Seconds = seconds,
            AllRounds = settings.AllRounds,
            LoadSeconds = loading,
            Operations = NetworkWork.DirectOperations(network, size),
            PeakRate = peak is { } before ? Math.Max(before, FmaPeak.Measure(threads)) : null,
            SteadyBytes = process.WorkingSet64,
            PeakBytes = process.PeakWorkingSet64,
            WeightBytes = network.ParameterCount * sizeof(float),
        };
    }

    private static bool Done(List<double> seconds, BenchSettings settings) => settings.Rounds is { } rounds
        ? seconds.Count >= rounds
        : seconds.Count >= FewestRounds && seconds.Sum() >= BenchSettings.Enough.TotalSeconds;

    private static double Part(List<double> seconds, BenchSettings settings) => settings.Rounds is { } rounds
        ? (double)seconds.Count / rounds
        : Math.Min((double)seconds.Count / FewestRounds, Math.Min(1, seconds.Sum() / BenchSettings.Enough.TotalSeconds));
}
