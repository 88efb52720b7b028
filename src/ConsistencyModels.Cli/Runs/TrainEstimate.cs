using System.Diagnostics;
using System.Globalization;
using ConsistencyModels.Networks;
using ConsistencyModels.Training.Runs;

namespace ConsistencyModels.Cli.Runs;

/// <summary>What a run is made of and what it will take: what <c>--dry-run</c> prints.</summary>
internal static class TrainEstimate
{
    private const int MeasuredSteps = 2;
    private const int MostMeasured = 16;

    // Values, gradients, average and two moments, each a float a parameter; all but the gradients are in a checkpoint.
    private const int BuffersInMemory = 5;
    private const int BuffersInCheckpoint = 4;

    /// <summary>The configuration and the sizes that follow from it.</summary>
    public static IEnumerable<(string Name, string Value)> Describe(TrainPlan plan)
    {
        var (_, options, data, _) = plan;
        var parameters = UNet2DDescription.Of(options.Network).ParameterCount;
        var counts = new int[data.ClassNames.Count];
        foreach (var label in data.Labels)
        {
            counts[label]++;
        }

        yield return ("run", options.Folder);
        yield return ("data", Text($"{data.Count} pictures of {data.Height}x{data.Width}, {data.Channels} channels"));
        yield return ("classes", string.Join(", ", data.ClassNames.Select((name, i) => Text($"{name} {counts[i]}"))));
        yield return ("network", Text($"{Sizes.Count(parameters)} parameters, channels {string.Join(' ', options.Network.BlockOutChannels)}, {(options.Network.NumClassEmbeds is { } classes ? Text($"{classes} classes") : "no classes")}"));
        yield return ("objective", options.Objective.ToString()!);
        yield return ("start", options.InitialModel?.Path ?? "random weights");
        yield return ("images", Text($"{Sizes.Count(options.Images)}: {Sizes.Count((options.Images + options.Batch - 1) / options.Batch)} steps of {options.Batch}, the data {(double)options.Images / data.Count:F1} times"));
        yield return ("step size", Text($"{options.LearningRate}, rising over {Sizes.Count(options.RampImages)} images{(options.DecayImages > 0 ? $", falling over the last {Sizes.Count(options.DecayImages)}" : "")}"));
        yield return ("average", Text($"half-life {Sizes.Count((long)options.AverageHalfLife)} images"));
        yield return ("mirrored", options.Flip ? "at random" : "no");
        yield return ("seed", Text($"{options.Seed}"));
        yield return ("device", options.Device);
        yield return ("saving", Text($"a checkpoint of {Sizes.Bytes(parameters * sizeof(float) * BuffersInCheckpoint)} every {Sizes.Time(options.CheckpointEvery)}, samples every {Sizes.Time(options.SampleEvery)}"));
        yield return ("memory", Text($"{Sizes.Bytes(parameters * sizeof(float) * BuffersInMemory)} and what {Math.Min(options.Batch, options.MicroBatch > 0 ? options.MicroBatch : options.Batch)} images take at a time"));
    }

    /// <summary>Makes a few small steps in a folder that is thrown away, and says how long the run will take at that speed.</summary>
    public static (string Name, string Value) Measure(TrainPlan plan)
    {
        var folder = Directory.CreateTempSubdirectory("cm-dry-run-").FullName;
        try
        {
            var part = plan.Options.MicroBatch > 0 ? plan.Options.MicroBatch : plan.Options.Batch;
            var batch = Math.Min(MostMeasured, Math.Min(part, plan.Options.Batch));
            using var trainer = new Trainer(plan.Options with { Folder = folder, Batch = batch, MicroBatch = 0 }, plan.Data);
            trainer.Step();
            var clock = Stopwatch.StartNew();
            for (var i = 0; i < MeasuredSteps; i++)
            {
                trainer.Step();
            }

            var speed = MeasuredSteps * batch / clock.Elapsed.TotalSeconds;
            var time = TimeSpan.FromSeconds(Math.Min(plan.Options.Images / speed, 1e9));
            return ("time", Text($"about {Sizes.Time(time)}, at {speed:F1} images a second ({MeasuredSteps} steps of {batch} measured now)"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
