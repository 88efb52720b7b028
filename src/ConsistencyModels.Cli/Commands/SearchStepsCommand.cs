using System.CommandLine;
using System.Globalization;
using ConsistencyModels.Cli.Generating;
using ConsistencyModels.Cli.Help;
using ConsistencyModels.Cli.Searching;
using ConsistencyModels.Models;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm search-steps</c>.</summary>
internal static class SearchStepsCommand
{
    private const int DefaultSamples = 128;
    private const string Energy = "energy";

    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context)
    {
        var engine = new EngineArguments(context.Engines);
        var reference = Options.Text("--reference", "Pictures to come close to, best ones that the model was not trained on: a folder, .zip, or other data set", "FOLDER");
        reference.Required = true;
        var classes = CommonOptions.Classes("Classes to draw, those the reference shows; default: the names of its folders if the model has such classes, else all, at random", engine.ModelOption);
        var steps = Options.Whole("--steps", "Network calls; default: 2", 2, 16);
        var samples = Options.Whole("--samples", "Pictures generated for each candidate, and read from --reference twice as many at most; default: 128", 2, 100_000);
        var metric = Options.Text("--metric", "What is made small: energy (default), a distance of colours and edges without a trained network, or fd, sfd, kd, is, pr or dc of cm evaluate", "NAME");
        var extractor = Options.Text("--extractor", "What looks at the pictures for a --metric of cm evaluate; default: resnet18", "NAME");
        var seed = Options.Seed("--seed", "Seed of the first picture; every candidate has the same; default: 0");
        var write = Options.Switch("--write", "Write them into the model's folder: --steps of that number takes them from then on");
        var json = Options.Switch("--json", "Print the result as JSON");
        var quiet = Options.Switch("--quiet", "Print nothing but the result", "-q");
        var command = new CliCommand(
            "search-steps",
            "Find the best timesteps for sampling in a few steps by ternary search. The default distance is one of colours and edges, made "
            + "without a trained network: it ranks timesteps of one model, but it is not FID and does not compare models.",
            "cm search-steps --reference held-out/            # two steps of the bundled model",
            "cm search-steps -m FOLDER --reference held-out/ --steps 3 --samples 512 --write",
            "cm search-steps --reference held-out/ --metric kd         # by an extractor's features, as cm evaluate")
        {
            reference, classes, steps, samples, metric, extractor, seed, write, json, quiet,
        };
        engine.AddTo(command);
        command.SetAction(result =>
        {
            var console = context.Console.Quiet(result.GetValue(quiet));
            return Run(
                context,
                console,
                engine.Read(result),
                result.GetValue(reference)!,
                result.GetValue(classes) ?? [],
                result.GetValue(steps) ?? 2,
                result.GetValue(samples) ?? DefaultSamples,
                result.GetValue(metric) ?? Energy,
                result.GetValue(extractor),
                result.GetValue(seed) ?? 0,
                result.GetValue(write),
                result.GetValue(json));
        });
        return command;
    }

    private static int Run(CommandContext context, CliConsole console, EngineSettings engine, string folder, IReadOnlyList<string> words, int steps, int samples, string metric, string? extractor, ulong seed, bool write, bool json)
    {
        using var model = engine.Model.Open(console, context.Cancellation);
        if (model.Kind != ModelKind.Consistency)
        {
            throw new ConsistencyModelsException("this is a diffusion model, and timesteps are for multistep sampling; expected a consistency model");
        }

        var levels = model.Scheduler.NumTrainTimesteps;
        if (steps >= levels)
        {
            throw new ConsistencyModelsException($"--steps is {steps}, but the model has {levels} noise levels; expected fewer steps");
        }

        var written = write ? OwnSteps.In(model) : null;
        var size = model.Config.SampleSize ?? throw new ConsistencyModelsException("the model does not say which size it was made for");
        var reference = ReferencePictures.Read(folder, new ImageShape(1, model.Config.InChannels, size.Height, size.Width), 2 * samples, context.Cancellation);
        var classes = ChooseClasses(words, model, reference, console);
        foreach (var note in reference.Notes)
        {
            console.Error.WriteLine($"note: {folder}: {note}");
        }

        console.Error.WriteLine($"reference: {reference.Shape.Batch} of {reference.Found} pictures in {folder}");
        using var pipeline = Spinner.For(console, "loading the model", _ => engine.Load(model, context.Cancellation));
        using var measured = OpenMetric(metric, extractor, reference, samples, engine, console, context.Cancellation);
        var objective = new StepObjective(pipeline, measured, classes, samples, seed, engine.Chunk == 0 ? null : engine.Chunk);
        var tried = new TriedTimesteps(console);
        var (ts, value) = Spinner.For(console, "searching", report => StepSearch.Greedy(
            steps,
            levels,
            candidate => objective.Search(candidate, new SynchronousProgress<SamplingProgress>(progress => report(progress.Fraction, $"timesteps {Text(StepObjective.Diffusers(candidate))}")), context.Cancellation),
            (candidate, distance) => tried.Add(string.Create(CultureInfo.InvariantCulture, $"timesteps {Text(StepObjective.Diffusers(candidate))}: distance {distance:F4}"))));
        tried.Finish();
        var best = StepObjective.Diffusers(ts);
        Report(context, console, json, [.. model.Notes, .. reference.Notes], best, value, objective.HeldOut(best, context.Cancellation), objective.HeldOut([0], context.Cancellation), objective.Floor);
        if (written is not null)
        {
            written.Write(best);
            console.Error.WriteLine($"written to {written.Path}: --steps {steps} draws by them from now on");
        }

        return ExitCode.Fine;
    }

    private static IStepMetric OpenMetric(string metric, string? extractor, ReferencePictures reference, int samples, EngineSettings engine, CliConsole console, CancellationToken cancellation) =>
        metric != Energy ? Spinner.For(console, "looking at the reference", _ => ExtractorMetric.Open(metric, extractor, reference, samples, engine.Threads, cancellation))
        : extractor is null ? new EnergyMetric(reference)
        : throw new ConsistencyModelsException("--extractor is for a --metric of cm evaluate, such as kd; energy has none");

    // A model that is judged by what it draws of other things than the reference shows is judged wrongly.
    private static IReadOnlyList<int>? ChooseClasses(IReadOnlyList<string> words, Model model, ReferencePictures reference, CliConsole console)
    {
        if (words.Count > 0 || model.Config.NumClassEmbeds is not { } count)
        {
            return ClassChoice.Parse(words, model.Config.NumClassEmbeds, model.ClassNames);
        }

        int?[] labels = [.. reference.ClassNames.Select(name => model.ClassNames?.Find(name))];
        if (Array.TrueForAll(labels, label => label is not null))
        {
            console.Error.WriteLine($"note: only the classes of the reference are drawn, {string.Join(", ", reference.ClassNames)}; --classes says otherwise");
            return [.. labels.Select(label => label!.Value)];
        }

        console.Error.WriteLine($"note: all {count} classes of the model are drawn, whatever the reference shows; --classes chooses");
        return null;
    }

    private static void Report(CommandContext context, CliConsole console, bool json, IReadOnlyList<string> notes, int[] best, double value, double heldOut, double oneStep, double floor)
    {
        if (json)
        {
            JsonText.Write(context.Console.Out, writer =>
            {
                writer.WriteStartArray("timesteps");
                foreach (var index in best)
                {
                    writer.WriteNumberValue(index);
                }

                writer.WriteEndArray();
                JsonText.Strings(writer, "notes", notes);
                writer.WriteNumber("distance", value);
                writer.WriteNumber("held_out_distance", heldOut);
                writer.WriteNumber("held_out_distance_one_step", oneStep);
                writer.WriteNumber("distance_within_reference", floor);
            });
            return;
        }

        context.Console.Out.WriteLine($"--timesteps {Text(best)}");
        console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"distance to pictures held out: {heldOut:F4}, in one step {oneStep:F4}; two halves of the reference are {floor:F4} apart"));
    }

    private static string Text(IReadOnlyList<int> timesteps) => string.Join(',', timesteps);
}

/// <summary>Lines about what was tried: at once where nobody watches, at the end where a bar is drawn meanwhile.</summary>
internal sealed class TriedTimesteps(CliConsole console)
{
    private readonly List<string> _lines = [];

    /// <summary>Takes a line.</summary>
    public void Add(string line)
    {
        if (console.ErrorIsTerminal)
        {
            _lines.Add(line);
        }
        else
        {
            console.Error.WriteLine(line);
        }
    }

    /// <summary>Writes those that waited.</summary>
    public void Finish() => _lines.ForEach(console.Error.WriteLine);
}
