using System.CommandLine;
using ConsistencyModels.Cli.Runs;
using ConsistencyModels.Models;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm train</c>.</summary>
internal static class TrainCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context)
    {
        var data = new Argument<string>("DATA") { Description = "A folder or .zip of pictures; each folder in it is a class, unless --classes says otherwise" };
        var run = new Option<string>("--run", "-r") { Description = "Folder of the run: checkpoints, log, samples, the model; a run that is there goes on", HelpName = "FOLDER", Required = true };
        var objective = Options.OneOf("--objective", "edm (default) trains a diffusion model; ect tunes one into a consistency model", "edm", "ect");
        var init = Options.Text("--init", $"Start from a model's weights, and its network unless --network says otherwise: {ModelArguments.Forms}", "MODEL");
        var network = Options.Text("--network", $"The network: {NetworkSource.Forms}; default: that of --init, or tiles32", "CONFIG");
        network.CompletionSources.Add([.. NetworkPresets.Names]);
        var classes = Options.Text("--classes", "Which folders are which classes: name=folder:folder:-folder,name=...", "MAP", "-c");
        var size = Options.Whole("--size", "Height and width of the pictures; default: the network's sample_size", 1, 8192, "PIXELS");
        var native = Options.Switch("--native-size-only", "Leave out pictures of another size, in place of scaling and cropping them");
        var images = Options.Count("--images", "Images the whole run learns from, with repetition; default: 400k", 1);
        var batch = Options.Whole("--batch", "Images a step; default: 64", 1, 1_000_000, "N", "-b");
        var micro = Options.Whole("--micro-batch", "Images in memory at a time; default: the whole batch", 1, 1_000_000);
        var rate = Options.Number("--lr", "Step size; default: 0.001 for edm, 0.0001 for ect", 0);
        var ramp = Options.Count("--ramp", "Images over which the step size rises; default: a tenth of --images, at most 50k", 0);
        var decay = Options.Count("--decay", "Images at the end over which it falls to 0; default: 0, it stays", 0);
        var halfLife = Options.Count("--half-life", "Half-life of the average that becomes the model, in images; default: 50k", 1);
        var ectQ = Options.Number("--ect-q", "ect: factor by which a stage brings the two noise levels together; default: 2", 1);
        var ectK = Options.Number("--ect-k", "ect: how much further apart they are at low noise; default: 8", 0);
        var ectStage = Options.Count("--ect-stage-images", "ect: images of a stage; default: an eighth of --images", 1);
        var flip = Options.Switch("--flip", "Mirror pictures left to right at random");
        var seed = Options.Seed("--seed", "Seed of everything random; default: 0");
        var device = CommonOptions.Device();
        var threads = CommonOptions.Threads();
        var checkpoint = Options.Time("--checkpoint-every", "Time between checkpoints; default: 5m");
        var sample = Options.Time("--sample-every", "Time between sample grids; default: 10m");
        var log = Options.Whole("--log-every", "Steps between lines of the log; default: 50", 1);
        var dryRun = Options.Switch("--dry-run", "Print the configuration, memory and time, and train nothing");
        var quiet = Options.Switch("--quiet", "Print nothing but errors", "-q");
        var command = new CliCommand(
            "train",
            "Train a model on pictures. Ctrl-C saves and stops; the same command goes on, with the same result as if it had never stopped.",
            "cm train PICTURES --run runs/edm --dry-run              # what it would do, and how long it takes here",
            "cm train PICTURES --run runs/edm --images 2M            # first a diffusion model ...",
            "cm train PICTURES --run runs/ect --images 1M --objective ect --init runs/edm/model   # ... then tune it",
            "cm generate --model runs/ect/model                      # and draw with it")
        {
            data, run, objective, init, network, classes, size, native, images, batch, micro, rate, ramp, decay, halfLife, ectQ, ectK, ectStage, flip,
            seed, device, threads, checkpoint, sample, log, dryRun, quiet,
        };
        command.SetAction(result => Run(context, new TrainSettings
        {
            Data = result.GetRequiredValue(data),
            Run = result.GetRequiredValue(run),
            Objective = result.GetValue(objective) ?? "edm",
            Init = result.GetValue(init),
            Network = result.GetValue(network),
            Classes = result.GetValue(classes),
            Size = result.GetValue(size),
            NativeSizeOnly = result.GetValue(native),
            Images = result.GetValue(images),
            Batch = result.GetValue(batch),
            MicroBatch = result.GetValue(micro),
            LearningRate = result.GetValue(rate),
            Ramp = result.GetValue(ramp),
            Decay = result.GetValue(decay),
            HalfLife = result.GetValue(halfLife),
            EctQ = result.GetValue(ectQ),
            EctK = result.GetValue(ectK),
            EctStageImages = result.GetValue(ectStage),
            Flip = result.GetValue(flip),
            Seed = result.GetValue(seed) ?? 0,
            Device = result.GetValue(device) ?? "cpu",
            Threads = result.GetValue(threads) ?? 0,
            CheckpointEvery = result.GetValue(checkpoint),
            SampleEvery = result.GetValue(sample),
            LogEvery = result.GetValue(log),
            DryRun = result.GetValue(dryRun),
            Quiet = result.GetValue(quiet),
        }));
        return command;
    }

    private static int Run(CommandContext context, TrainSettings settings)
    {
        var console = context.Console.Quiet(settings.Quiet);
        var plan = TrainPlan.Make(settings, console, context.Cancellation);
        using var start = plan.Options.InitialModel;
        foreach (var warning in plan.Warnings)
        {
            console.Error.WriteLine($"note: {warning}");
        }

        if (settings.DryRun)
        {
            TextLines.Write(context.Console.Out, TrainEstimate.Describe(plan).Append(TrainEstimate.Measure(plan)));
            return ExitCode.Fine;
        }

        new TrainRun(plan, context, console).Execute();
        return ExitCode.Fine;
    }
}
