using System.Diagnostics;
using System.Globalization;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Engines;
using ConsistencyModels.Networks;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Parallel;
using ConsistencyModels.Training.Runs;

namespace ConsistencyModels.Cli.Runs;

/// <summary>What a run is made of and what it will take: what <c>--dry-run</c> prints.</summary>
internal static class TrainEstimate
{
    // The first steps compile code and lay out memory: a run has them once, and they say nothing of its pace.
    private const int FirstSteps = 2;
    private const int FewestSteps = 2;
    private static readonly TimeSpan MeasuredFor = TimeSpan.FromSeconds(5);

    // Values, gradients and two moments, each a float per parameter, beside averages, target and teacher; all but the gradients are in a checkpoint.
    private const int BuffersAlways = 4;

    /// <summary>The configuration and the sizes that follow from it.</summary>
    /// <param name="plan">The run.</param>
    /// <param name="engines">The engines there are.</param>
    public static IEnumerable<(string Name, string Value)> Describe(TrainPlan plan, EngineRegistry engines)
    {
        var (_, options, data, _) = plan;
        var buffers = BuffersAlways + options.Averages.Count + (options.Objective.Needs.Contains(NetworkRole.Target) ? 1 : 0) + (options.Objective.StudentBecomesTeacher ? 1 : 0);
        var parameters = UNet2DDescription.Of(options.Network).ParameterCount;
        var counts = new int[data.ClassNames.Count];
        foreach (var label in data.Labels)
        {
            counts[label]++;
        }

        yield return ("run", options.Folder);
        yield return ("data", Text($"{data.Count} pictures of {data.Height}x{data.Width}, {data.Channels} channels{(plan.Balance > 0 ? Text($", those of rare classes repeated (balance {plan.Balance})") : "")}"));
        yield return ("classes", string.Join(", ", data.ClassNames.Select((name, i) => Text($"{name} {counts[i]}"))));
        yield return ("network", Text($"{Sizes.Count(parameters)} parameters, channels {string.Join(' ', options.Network.BlockOutChannels)}, {(options.Network.NumClassEmbeds is { } classes ? Text($"{classes} classes") : "no classes")}"));
        yield return ("objective", $"{options.Objective.Name}: {string.Join(", ", options.Objective.Settings.OrderBy(setting => setting.Key, StringComparer.Ordinal).Select(setting => $"{setting.Key}={setting.Value}"))}");
        yield return ("start", options.InitialModel?.Path ?? "random weights");
        yield return ("images", Text($"{Sizes.Count(options.Images)}: {Sizes.Count((options.Images + options.Batch - 1) / options.Batch)} steps of {options.Batch}, the data {(double)options.Images / data.Count:F1} times"));
        yield return ("step size", Text($"{options.LearningRate}, rising over {Sizes.Count(options.RampImages)} images{(options.DecayImages > 0 ? $", falling over the last {Sizes.Count(options.DecayImages)}" : "")}"));
        if (options.Teacher is { } teacher)
        {
            yield return ("teacher", teacher.Path);
        }

        yield return ("averages", string.Join(", ", options.Averages.Select(average => Text($"{average} ({(average.Rate is null ? "half-life in images" : "rate")})"))));
        yield return ("optimizer", Text($"{options.Optimizer.Kind}, betas {options.Optimizer.Beta1} and {options.Optimizer.Beta2}{(options.Optimizer.WeightDecay > 0 ? Text($", weight decay {options.Optimizer.WeightDecay}") : "")}{(options.ClipNorm > 0 ? Text($", gradients up to {options.ClipNorm}") : "")}"));
        yield return ("precision", options.Precision.FormatName());
        yield return ("mirrored", options.Flip ? "at random" : "no");
        yield return ("augmented", options.Augment > 0 ? Text($"each way with probability {options.Augment}") : "no");
        yield return ("seed", Text($"{options.Seed}"));
        var engine = engines.ForTraining(new EngineOptions { Device = options.Device, DType = options.Precision }, options.Engine);
        yield return ("device", $"{options.Device}, engine {engine.Name}");
        if (options.Processes.Count > 1)
        {
            yield return ("processes", Text($"{options.Processes.Count}, each with {options.Batch / options.Processes.Count} images of a step"));
        }

        yield return ("saving", Text($"a checkpoint of {Sizes.Bytes(parameters * sizeof(float) * (buffers - 1))} every {Sizes.Time(options.CheckpointEvery)}, samples every {Sizes.Time(options.SampleEvery)}"));
        var part = options.Batch / options.Processes.Count;
        part = options.MicroBatch > 0 ? Math.Min(part, options.MicroBatch) : part;
        var step = engine.StepBytes(UNet2DDescription.Of(options.Network), new ImageShape(part, data.Channels, data.Height, data.Width), new EngineOptions { Device = options.Device, DType = options.Precision, Threads = options.Threads });
        yield return ("memory", Text($"{Sizes.Bytes(parameters * sizeof(float) * buffers)} of parameters and what goes with them, and {(step is { } bytes ? $"{Sizes.Bytes(bytes)} for" : "what")} {part} images{(step is null ? " take" : "")} at a time"));
    }

    /// <summary>Makes some steps in a folder that is thrown away, and says how long the run will take at that speed.</summary>
    public static (string Name, string Value) Measure(TrainPlan plan, EngineRegistry engines)
    {
        var folder = Directory.CreateTempSubdirectory("cm-dry-run-").FullName;
        try
        {
            Trainer.ThrowIfInvalid(plan.Options, plan.Data);
            var processes = plan.Options.Processes.Count;
            var batch = plan.Options.Batch / processes;
            var part = plan.Options.MicroBatch > 0 && plan.Options.MicroBatch < batch ? plan.Options.MicroBatch : 0;
            using var trainer = new Trainer(plan.Options with { Folder = folder, Batch = batch, MicroBatch = part, Processes = new SingleProcess() }, plan.Data, engines);
            var all = (plan.Options.Images + plan.Options.Batch - 1) / plan.Options.Batch;
            var first = Stopwatch.StartNew();
            for (var i = 0; i < Math.Min(FirstSteps, all) && first.Elapsed < MeasuredFor; i++)
            {
                trainer.Step();
            }

            var clock = Stopwatch.StartNew();
            var steps = 0;
            do
            {
                trainer.Step();
                steps++;
            }
            while (steps < all && (steps < FewestSteps ? clock.Elapsed < MeasuredFor * FewestSteps : clock.Elapsed < MeasuredFor));

            var speed = processes * steps * batch / clock.Elapsed.TotalSeconds;
            var time = TimeSpan.FromSeconds(Math.Min(plan.Options.Images / speed, 1e9));
            return ("time", Text($"about {Sizes.Time(time)}, at {speed:F1} images per second ({steps} step{(steps == 1 ? "" : "s")} of {batch} measured now{(processes > 1 ? Text($" in one of {processes} processes") : "")})"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
