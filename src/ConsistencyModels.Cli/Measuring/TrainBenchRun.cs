using System.Diagnostics;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Objectives.Catalogue;
using ConsistencyModels.Training.Optimization;
using ConsistencyModels.Training.Steps;

namespace ConsistencyModels.Cli.Measuring;

/// <summary>Takes the time of steps of training on a model's network, with noise for pictures.</summary>
internal static class TrainBenchRun
{
    private const string Objective = "edm";
    private const double Rate = 1e-5;
    private const int FewestSteps = 3;

    /// <summary>Measures.</summary>
    /// <param name="model">The model.</param>
    /// <param name="settings">What to measure.</param>
    /// <param name="report">Told which part is done.</param>
    /// <param name="cancellation">Observed between steps.</param>
    public static TrainBenchReport Measure(Model model, BenchSettings settings, Action<double, string> report, CancellationToken cancellation)
    {
        if (model.Config.SampleSize is not { } size)
        {
            throw new ConsistencyModelsException($"{model.Path}: sample_size is null, so there is no size to measure at");
        }

        if (settings.Steps != 1 || settings.Engine.LowMemory)
        {
            throw new ConsistencyModelsException("--steps and --memory are for drawing: leave them out with --train");
        }

        var options = new EngineOptions { Device = settings.Engine.Device, DType = settings.Engine.DType, Threads = settings.Engine.Threads };
        var engine = settings.Engine.Engines.ForTraining(options, settings.Engine.Engine);
        var description = UNet2DDescription.Of(model.Config);
        using var network = engine.Create(description, options);
        using (var weights = model.OpenWeights())
        {
            ParameterFiles.Load(description, network.Parameters, weights);
        }

        using var state = new TrainingState(network, ObjectiveCatalogue.Make(Objective), [AverageOptions.OfHalfLife(50_000)]);
        state.StartFromParameters();
        var step = new TrainingStep(state, new Optimizer());
        var batch = Batch(model.Config, new ImageShape(settings.Batch, model.Config.InChannels, size.Height, size.Width));
        List<double> seconds = [];

        // The first is for plans, arenas and what malloc keeps.
        for (var i = -1; i < 0 || !Done(seconds, settings); i++)
        {
            cancellation.ThrowIfCancellationRequested();
            var clock = Stopwatch.StartNew();
            step.Run(batch, new TrainingClock(i + 1, (i + 1L) * settings.Batch, 1_000_000), Rate, settings.Batch);
            if (i >= 0)
            {
                seconds.Add(clock.Elapsed.TotalSeconds);
                report(Part(seconds, settings), $"step {seconds.Count}");
            }
        }

        using var process = Process.GetCurrentProcess();
        return new TrainBenchReport
        {
            Notes = model.Notes,
            Model = settings.Engine.Model.ShortName,
            Engine = engine.Name,
            Device = options.Device,
            Threads = options.Threads == 0 ? Environment.ProcessorCount : Math.Min(options.Threads, Environment.ProcessorCount),
            Batch = settings.Batch,
            Times = new(seconds),
            AllRounds = settings.AllRounds,
            Operations = 3 * NetworkWork.DirectOperations(description, size),
            Parameters = description.ParameterCount,
            SteadyBytes = process.WorkingSet64,
            PeakBytes = process.PeakWorkingSet64,
        };
    }

    private static TrainingBatch Batch(UNet2DConfig config, ImageShape shape)
    {
        var generator = new TorchGenerator(0);
        float[] Normal(int count)
        {
            var values = new float[count];
            generator.Randn(values);
            return values;
        }

        var labels = new int[config.NumClassEmbeds is null ? 0 : shape.Batch];
        return new(shape, Normal(shape.Length), labels, Normal(shape.Length), Normal(shape.Batch), new float[shape.Batch], DropoutSeed: 0);
    }

    private static bool Done(List<double> seconds, BenchSettings settings) => settings.Rounds is { } rounds
        ? seconds.Count >= rounds
        : seconds.Count >= FewestSteps && seconds.Sum() >= BenchSettings.Enough.TotalSeconds;

    private static double Part(List<double> seconds, BenchSettings settings) => settings.Rounds is { } rounds
        ? (double)seconds.Count / rounds
        : Math.Min(1, seconds.Sum() / BenchSettings.Enough.TotalSeconds);
}
