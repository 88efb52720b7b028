using System.CommandLine;
using System.Globalization;
using ConsistencyModels.Cli.Evaluating;
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
        var chosen = new ReferenceArguments();
        var reference = Options.Text("--reference", "Pictures to come close to, best ones that the model was not trained on: a folder, .zip, or other data set", "FOLDER");
        reference.Required = true;
        var classes = CommonOptions.Classes("Classes to draw, those the reference shows; default: the names of its folders if the model has such classes, else all, at random", engine.ModelOption);
        var steps = Options.Whole("--steps", "Network calls; default: 2", 2, 16);
        var edits = Options.Switch("--edits", "Look for the noise levels at which strokes, variations and interpolations begin, in place of timesteps");
        var samples = Options.Whole("--samples", "Pictures generated for each candidate, and read from --reference twice as many at most; default: 128", 2, 100_000);
        var metric = Options.Text("--metric", "What is made small: energy (default), a distance of colours and edges without a trained network, or fd, sfd, kd, is, pr or dc of cm evaluate", "NAME");
        var extractor = Options.Text("--extractor", "What looks at the pictures for a --metric of cm evaluate; default: resnet18", "NAME");
        var seed = Options.Seed("--seed", "Seed of the first picture; every candidate has the same; default: 0");
        var write = Options.Switch("--write", "Write what was found into the model's folder: it is what --steps of that number, or an edit, takes from then on");
        var json = Options.Switch("--json", "Print the result as JSON");
        var quiet = Options.Switch("--quiet", "Print nothing but the result", "-q");
        var command = new CliCommand(
            "search-steps",
            "Find the best timesteps for sampling in a few steps by ternary search. The default distance is one of colours and edges, made "
            + "without a trained network: it ranks timesteps of one model, but it is not FID and does not compare models.",
            "cm search-steps --reference held-out/            # two steps of the bundled model",
            "cm search-steps -m FOLDER --reference held-out/ --steps 3 --samples 512 --write",
            "cm search-steps -m FOLDER --reference held-out/ --classes 1 --edits --write",
            "cm search-steps --reference held-out/ --metric kd         # by an extractor's features, as cm evaluate")
        {
            reference, classes, steps, edits, samples, metric, extractor, seed, write, json, quiet,
        };
        chosen.AddTo(command);
        engine.AddTo(command);
        command.SetAction(result =>
        {
            if (result.GetValue(edits) && result.GetValue(steps) is not null)
            {
                throw new ConsistencyModelsException("--edits looks for the levels of edits, --steps for timesteps; give one of them");
            }

            return Run(context, context.Console.Quiet(result.GetValue(quiet)), engine.Read(result), new()
            {
                Reference = result.GetValue(reference)!,
                Selection = chosen.Read(result),
                Classes = result.GetValue(classes) ?? [],
                Steps = result.GetValue(steps) ?? 2,
                Edits = result.GetValue(edits),
                Samples = result.GetValue(samples) ?? DefaultSamples,
                Metric = result.GetValue(metric) ?? Energy,
                Extractor = result.GetValue(extractor),
                Seed = result.GetValue(seed) ?? 0,
                Write = result.GetValue(write),
                Json = result.GetValue(json),
            });
        });
        return command;
    }

    private static int Run(CommandContext context, CliConsole console, EngineSettings engine, SearchWords words)
    {
        using var model = engine.Model.Open(console, context.Cancellation);
        if (model.Kind != ModelKind.Consistency)
        {
            throw new ConsistencyModelsException("this is a diffusion model, and timesteps are for multistep sampling; expected a consistency model");
        }

        var levels = model.Scheduler.NumTrainTimesteps;
        if (words.Steps >= levels)
        {
            throw new ConsistencyModelsException($"--steps is {words.Steps}, but the model has {levels} noise levels; expected fewer steps");
        }

        var folder = !words.Write ? null : words.Edits ? ModelFolder.ForEdits(model) : ModelFolder.ForTimesteps(model);
        var size = model.Config.SampleSize ?? throw new ConsistencyModelsException("the model does not say which size it was made for");
        var reference = ReferencePictures.Read(
            words.Reference, new ImageShape(1, model.Config.InChannels, size.Height, size.Width), words.Selection, 2 * words.Samples, context.Cancellation);
        var edited = words.Edits ? EditedPictures.Of(reference, words.Classes, model) : null;
        var classes = words.Edits ? null : ChooseClasses(words.Classes, model, reference, console);
        foreach (var note in reference.Notes)
        {
            console.Error.WriteLine($"note: {words.Reference}: {note}");
        }

        console.Error.WriteLine($"reference: {reference.Shape.Batch} of {reference.Found} pictures in {words.Reference}");
        using var pipeline = Spinner.For(console, "loading the model", _ => engine.Load(model, context.Cancellation));
        using var measured = OpenMetric(words.Metric, words.Extractor, reference, words.Samples, engine, console, context.Cancellation);
        var tried = new TriedLines(console);
        if (edited is not null)
        {
            var found = Spinner.For(console, "searching", report => new EditLevelSearch(pipeline, measured, edited, words.Seed).Find(report, tried.Add, context.Cancellation));
            tried.Finish();
            ReportEdits(context, words.Json, found);
            folder?.Write(found);
            Tell(console, folder, "edits begin at them from now on");
            return ExitCode.Fine;
        }

        var objective = new StepObjective(pipeline, measured, classes, words.Samples, words.Seed, engine.Chunk == 0 ? null : engine.Chunk);
        var (ts, value) = Spinner.For(console, "searching", report => StepSearch.Greedy(
            words.Steps,
            levels,
            candidate => objective.Search(candidate, new SynchronousProgress<SamplingProgress>(progress => report(progress.Fraction, $"timesteps {Text(StepObjective.Diffusers(candidate))}")), context.Cancellation),
            (candidate, distance) => tried.Add(string.Create(CultureInfo.InvariantCulture, $"timesteps {Text(StepObjective.Diffusers(candidate))}: distance {distance:F4}"))));
        tried.Finish();
        var best = StepObjective.Diffusers(ts);
        Report(context, console, words.Json, [.. model.Notes, .. reference.Notes], best, value, objective.HeldOut(best, context.Cancellation), objective.HeldOut([0], context.Cancellation), objective.Floor);
        folder?.Write(best);
        Tell(console, folder, $"--steps {words.Steps} draws by them from now on");
        return ExitCode.Fine;
    }

    private static void Tell(CliConsole console, ModelFolder? folder, string what)
    {
        if (folder is not null)
        {
            console.Error.WriteLine($"written to {folder.File}: {what}");
        }
    }

    private static void ReportEdits(CommandContext context, bool json, EditDefaults found)
    {
        if (json)
        {
            JsonText.Write(context.Console.Out, writer =>
            {
                writer.WriteNumber("stroke_sigma", found.StrokeSigma);
                writer.WriteNumber("variation_sigma", found.VariationSigma);
            });
        }
        else
        {
            context.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"stroke: --sigma {found.StrokeSigma}\nvariations, interpolate: --sigma {found.VariationSigma}"));
        }
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
