using System.CommandLine;
using System.Runtime.CompilerServices;
using ConsistencyModels.Cli.Evaluating;
using ConsistencyModels.Cli.Help;
using ConsistencyModels.Cli.Runs;
using ConsistencyModels.Models;
using ConsistencyModels.Training.Parallel;
using ConsistencyModels.Training.Runs;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm train</c>.</summary>
internal static class TrainCommand
{
    // In words of its own: asking the library would load the whole of training at every start of cm. A test compares.
    internal static readonly IReadOnlyList<string> Objectives = ["edm", "cd", "ct", "ict", "ect", "pd", "scm"];

    internal static readonly IReadOnlyList<string> Presets =
    [
        "cd-cifar10", "cd-imagenet64", "cd-lsun256", "ct-cifar10", "ct-imagenet64", "ct-lsun256", "ect-cifar10", "ect-cifar10-1h", "edm-cifar10", "ict-cifar10",
        "mnist28-ect", "mnist28-edm", "scm-cifar10", "tiles32-cd", "tiles32-ect", "tiles32-edm",
    ];

    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context)
    {
        var data = new Argument<string>("DATA") { Description = "A folder or .zip of pictures (each folder in it is a class), CIFAR-10 or -100, MNIST, .npz, or Parquet files" };
        var run = new Option<string>("--run", "-r") { Description = "Folder of the run: checkpoints, log, samples, the model; a run that is there goes on", HelpName = "FOLDER", Required = true };
        var objective = Options.OneOf(
            "--objective",
            "What for. edm (default): a diffusion model, the teacher of the others. ect: tunes one into a consistency model, the best value for a small budget. cd: distils one. scm: the same in continuous time. pd: halves its steps again and again. ct, ict: a consistency model from pictures alone; they want large batches",
            [.. Objectives]);
        var preset = Options.OneOf("--preset", $"Published hyper-parameters (--dry-run prints them), before which goes what else is given: {string.Join(", ", Presets)}", [.. Presets]);

        // The names would make the column of options wider than the screen.
        preset.HelpName = "NAME";
        var recipe = Options.Text("--recipe", "A JSON file that says the same as a preset, with the names of these options", "FILE");
        var set = new Option<string[]>("--set") { Description = "A setting of the objective; --dry-run prints all of them", HelpName = "NAME=VALUE" };
        var teacher = Options.Text("--teacher", "The diffusion model to distil, for cd, pd and scm; default: that of --init", "MODEL");
        var init = Options.Text("--init", $"Start from a model's weights, and its network unless --network says otherwise: {ModelArguments.Forms}", "MODEL");
        var network = Options.Text("--network", $"The network: {NetworkSource.Forms}; default: that of --init, or tiles32", "CONFIG");
        network.CompletionSources.Add([.. NetworkPresets.Names]);
        var classes = Options.Text("--classes", $"Which folders are which classes: {ClassMapWords.Help}", "MAP", "-c");
        var size = Options.Whole("--size", "Height and width of the pictures; default: the network's sample_size", 1, 8192, "PIXELS");
        var native = Options.Switch("--native-size-only", "Leave out pictures of another size, in place of scaling and cropping them");
        var crop = Options.OneOf("--crop", "How pictures become squares of the size: center (default), random, a new crop each time, or none, which leaves out all others", "center", "random", "none");
        var background = CommonOptions.Background();
        var classesFrom = Options.OneOf("--classes-from", "Where the classes of a folder or .zip come from: folders, the prefix of the file name (cat_1.png), or none; default: its dataset.json, else folders", "auto", "folders", "prefix", "none");
        var split = Options.Text("--split", "Which part of the data: train, test, ...; default: train where there are parts", "NAME");
        var balance = Options.NumberFrom("--balance", "How far rare classes are repeated: a picture of a class of n comes (m/n)^X times, where the largest class has m; default: 0, once; 1: all classes come as often", 0, 1);
        var skipDamaged = Options.Switch("--skip-damaged", "Leave out pictures that cannot be read, and say which; default: stop, and say how many");
        var images = Options.Count("--images", "Images the whole run learns from, with repetition; default: 400k", 1);
        var batch = Options.Whole("--batch", "Images per step; default: 64", 1, 1_000_000, "N", "-b");
        var micro = Options.Whole("--micro-batch", "Images in memory at a time; default: the whole batch", 1, 1_000_000);
        var rate = Options.Number("--lr", "Step size; default: 0.001, or 0.0001 where a trained network is tuned", 0);
        var ramp = Options.Count("--ramp", "Images over which the step size rises; default: a tenth of --images, at most 50k", 0);
        var decay = Options.Count("--decay", "Images at the end over which it falls to 0; default: 0, it stays", 0);
        var halfLife = Options.Count("--half-life", "Half-life of the average that becomes the model, in images; default: 50k", 1);
        var averages = Options.Text("--averages", "Several averages: half-lives in images or rates per step, as in 50k,0.9999; the first becomes model/, the others lie beside it", "LIST");
        var optimizer = Options.OneOf("--optimizer", "radam (default), adam or adamw", "radam", "adam", "adamw");
        var decayOfWeights = Options.NumberFrom("--weight-decay", "Weight decay of the optimizer; default: 0.01 for adamw, else 0", 0);
        var clip = Options.NumberFrom("--clip", "Largest norm of the gradient; default: none", 0);
        var dtype = CommonOptions.DType("Precision of activations, for GPUs; default: f32");
        var flip = Options.Switch("--flip", "Mirror pictures left to right at random");
        var augment = Options.NumberFrom("--augment", "Probability of each of EDM's augmentations (mirroring, scaling, turning, stretching, moving), of which the network is told: 0.12 for CIFAR-10; default: 0, not with a teacher", 0, 1);
        var seed = Options.Seed("--seed", "Seed of everything random; default: 0");
        var engine = Options.Text("--engine", "What trains: cpu (managed code; default on a CPU in f32) or torch (libtorch; default for GPUs and other precisions)", "NAME");
        engine.CompletionSources.Add([.. context.Engines.Names]);
        var device = CommonOptions.Device();
        var threads = CommonOptions.Threads();
        var checkpoint = Options.Time("--checkpoint-every", "Time between checkpoints; default: 5m");
        var sample = Options.Time("--sample-every", "Time between sample grids; default: 10m");
        var evaluate = Options.Count("--evaluate-every", "Images between measurements of the model, which go to metrics.jsonl, loss.png and TensorBoard; default: none", 1);
        var evaluateReference = Options.Text("--evaluate-reference", "What it is compared with; default: the training pictures, at most 10000", "DATA");
        var evaluateCount = Options.Whole("--evaluate-count", "Pictures drawn for that, always of the same noise; default: 1000", 2, 1_000_000);
        var evaluateMetrics = Options.Text("--evaluate-metrics", "Words of cm evaluate --metrics; default: fd,kd", "LIST");
        var evaluateExtractor = Options.Text("--evaluate-extractor", "As cm evaluate --extractor; default: resnet18", "NAME");
        var log = Options.Whole("--log-every", "Steps between lines of the log; default: 50", 1);
        var dryRun = Options.Switch("--dry-run", "Print the configuration, memory and time, and train nothing");
        var quiet = Options.Switch("--quiet", "Print nothing but errors", "-q");
        var command = new CliCommand(
            "train",
            "Train a model on pictures. Ctrl-C saves and stops; the same command goes on, with the same result as if it had never stopped.",
            "cm train PICTURES --run runs/edm --dry-run              # what it would do, and how long it takes here",
            "cm train PICTURES --run runs/edm --images 2M            # first a diffusion model ...",
            "cm train PICTURES --run runs/ect --images 1M --objective ect --init runs/edm/model   # ... then tune it",
            "cm train PICTURES --run runs/cd --images 1M --objective cd --init runs/edm/model --set scales=18   # or distil it",
            "cm generate --model runs/ect/model                      # and draw with it")
        {
            data, run, objective, preset, recipe, set, init, teacher, network, classes, size, native, crop, background, classesFrom, balance, split, skipDamaged, images, batch, micro, rate, ramp, decay, halfLife, averages, optimizer, decayOfWeights, clip, flip, augment,
            seed, engine, device, dtype, threads, checkpoint, sample, log, evaluate, evaluateReference, evaluateCount, evaluateMetrics, evaluateExtractor, dryRun, quiet,
        };
        command.SetAction(result => Run(context, new TrainSettings
        {
            Data = result.GetRequiredValue(data),
            Run = result.GetRequiredValue(run),
            Objective = result.GetValue(objective),
            Preset = result.GetValue(preset),
            Recipe = result.GetValue(recipe),
            Set = result.GetValue(set) ?? [],
            Teacher = result.GetValue(teacher),
            Init = result.GetValue(init),
            Network = result.GetValue(network),
            Classes = ClassMapWords.Read("--classes", result.GetValue(classes)),
            Size = result.GetValue(size),
            NativeSizeOnly = result.GetValue(native),
            Background = CommonOptions.ColorOf(result.GetValue(background)),
            Crop = result.GetValue(crop),
            ClassesFrom = result.GetValue(classesFrom),
            Balance = result.GetValue(balance) ?? 0,
            Split = result.GetValue(split),
            SkipDamaged = result.GetValue(skipDamaged),
            Images = result.GetValue(images),
            Batch = result.GetValue(batch),
            MicroBatch = result.GetValue(micro),
            LearningRate = result.GetValue(rate),
            Ramp = result.GetValue(ramp),
            Decay = result.GetValue(decay),
            HalfLife = result.GetValue(halfLife),
            Averages = result.GetValue(averages),
            Optimizer = result.GetValue(optimizer),
            WeightDecay = result.GetValue(decayOfWeights),
            Clip = result.GetValue(clip),
            DType = result.GetValue(dtype),
            Flip = result.GetValue(flip),
            Augment = result.GetValue(augment),
            Seed = result.GetValue(seed) ?? 0,
            Engine = result.GetValue(engine),
            Device = result.GetValue(device) ?? "cpu",
            Threads = result.GetValue(threads) ?? 0,
            CheckpointEvery = result.GetValue(checkpoint),
            SampleEvery = result.GetValue(sample),
            LogEvery = result.GetValue(log),
            EvaluateEvery = result.GetValue(evaluate),
            EvaluateReference = result.GetValue(evaluateReference),
            EvaluateCount = result.GetValue(evaluateCount),
            EvaluateMetrics = result.GetValue(evaluateMetrics),
            EvaluateExtractor = result.GetValue(evaluateExtractor),
            DryRun = result.GetValue(dryRun),
            Quiet = result.GetValue(quiet),
        }));
        return command;
    }

    private static int Run(CommandContext context, TrainSettings settings)
    {
        foreach (var (given, option) in ((bool, string)[])[(settings.EvaluateReference is not null, "--evaluate-reference"), (settings.EvaluateCount is not null, "--evaluate-count"), (settings.EvaluateMetrics is not null, "--evaluate-metrics"), (settings.EvaluateExtractor is not null, "--evaluate-extractor")])
        {
            if (given && settings.EvaluateEvery is null)
            {
                throw new ConsistencyModelsException($"{option} is for measuring on the way: give --evaluate-every too");
            }
        }

        var console = context.Console.Quiet(settings.Quiet);
        if (MpiCollective.IsLaunched)
        {
            return context.RunShared(
                processes =>
                {
                    // One process speaks for all, and is enough to tell what they would do.
                    if (processes.Rank == 0 || !settings.DryRun)
                    {
                        Execute(context, processes.Rank == 0 ? console : console.Quiet(true), settings, processes);
                    }

                    return ExitCode.Fine;
                });
        }

        Execute(context, console, settings, new SingleProcess());
        return ExitCode.Fine;
    }

    // Of its own, so that training that is not measured loads nothing of evaluation.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static RunEvaluation Evaluation(CommandContext context, CliConsole console, TrainSettings settings, TrainPlan plan) =>
        RunEvaluation.Open(settings, plan.Data.Height, context.Engines, console, context.Cancellation);

    private static void Execute(CommandContext context, CliConsole console, TrainSettings settings, ICollective processes)
    {
        using var plan = TrainPlan.Make(settings, console, processes, context.Cancellation);
        if (settings.DryRun)
        {
            plan.Warn(console);
            TextLines.Write(context.Console.Out, TrainEstimate.Describe(plan, context.Engines).Append(TrainEstimate.Measure(plan, context.Engines)));
            return;
        }

        using var evaluation = settings.EvaluateEvery is not null && processes.Rank == 0 ? Evaluation(context, console, settings, plan) : null;
        var measured = evaluation is null ? null : new PeriodicEvaluation(settings.EvaluateEvery!.Value, evaluation.Measure);
        new TrainRun(plan, context, console, measured).Execute();
    }
}
