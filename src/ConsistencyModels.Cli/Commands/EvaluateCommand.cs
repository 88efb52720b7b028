using System.CommandLine;
using ConsistencyModels.Cli.Evaluating;
using ConsistencyModels.Cli.Help;
using ConsistencyModels.Evaluation.Runs;
using ConsistencyModels.Training.Parallel;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm evaluate</c>.</summary>
internal static class EvaluateCommand
{
    /// <summary>Name of the manifest in the folder of an evaluation.</summary>
    public const string ManifestName = "evaluation.json";

    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context)
    {
        var engine = new EngineArguments(context.Engines);
        var sampling = new SamplingArguments(engine.ModelOption);
        var chosen = new ReferenceArguments();
        var samples = new Argument<string?>("SAMPLES") { Description = "A model, or pictures that are there: a folder, .zip, .npz or other data set; or the word noise; default: the bundled model", Arity = ArgumentArity.ZeroOrOne };
        var reference = Options.Text("--reference", "Real pictures: a folder, .zip, .npz or other data set, or statistics that cm stats or openai's evaluator made (.npz)", "DATA");
        var repeat = Options.Text("--repeat", "Evaluate once more as a manifest says, and compare to the last digit", "FILE");
        var metrics = Options.Text("--metrics", "fd (default): Fréchet distance; sfd: of spatial features; kd: kernel distance; is: Inception Score; pr: precision, recall; dc: density, coverage; nn: nearest neighbours; or all. fid, sfid and kid are fd, sfd and kd of the Inception network", "LIST");
        var extractor = Options.Text("--extractor", "What looks at the pictures: resnet18 (default), inception, lenet, or an ONNX file with its manifest", "NAME");
        var count = Options.Whole("--count", "How many samples; default: 50000 of a model, all that are there", 1, 10_000_000, "N", "-n");
        var referenceCount = Options.Whole("--reference-count", "How many pictures of the reference, drawn by a fixed seed; default: all", 1, 10_000_000);
        var split = Options.Text("--split", "Which part of the samples' data set: train, test, ...; default: train where there are parts", "NAME");
        var match = Options.Switch("--match-classes", "Draw each class as often as the reference has it, by the classes' names");
        var floor = Options.Switch("--floor", "Compare one half of the reference with the other, in place of samples: what real pictures reach");
        var size = Options.Whole("--size", "Side of the pictures in pixels before the extractor resizes them; default: that of the samples", 1, 8192, "PIXELS");
        var batch = Options.Whole("--batch", "Pictures that pass the extractor at a time; default: 64", 1, 4096, "N", "-b");
        var parts = Options.Whole("--jackknife", "Parts that the standard error of Fréchet distances comes from; 0 for none; default: 10", 0, 1000);
        var output = Options.Text("--out", "Folder of the manifest and the features: with it a command that was stopped goes on, and several processes can share the work", "FOLDER", "-o");
        var report = Options.Switch("--report", "Write report.html into --out: numbers, grids, nearest neighbours, plots, the manifest");
        var compare = Options.Text("--compare", "Manifests of earlier evaluations to show beside this one in the report, and to plot the metric against steps", "FILE,...");
        var json = Options.Switch("--json", "Print the manifest with its numbers as JSON");
        var quiet = Options.Switch("--quiet", "Print nothing but the result", "-q");
        var command = new CliCommand(
            "evaluate",
            "Measure how close pictures come to real ones. Every number carries the name of the extractor that looked at them: only the Inception network's is called FID.",
            "cm evaluate --reference held-out/ -n 10000                # the bundled model in one step",
            "cm evaluate FOLDER --reference held-out/ -n 10000 --steps 2 --metrics all --out eval --report",
            "cm evaluate samples.npz --reference VIRTUAL_imagenet64_labeled.npz --extractor inception --metrics fid,sfid,is,pr",
            "cm evaluate cifar10 --split test --reference cifar10 --reference-split train   # the floor: real against real",
            "cm evaluate --repeat runs/eval/evaluation.json")
        {
            samples, reference, repeat, metrics, extractor, count, referenceCount, split, match, floor, size, batch, parts, output, report, compare, json, quiet,
        };
        chosen.AddTo(command);
        sampling.AddTo(command);
        engine.AddTo(command);
        command.SetAction(result =>
        {
            var settings = new EvaluateSettings
            {
                Engine = engine.Read(result, SampleSource.IsModel(result.GetValue(samples)) ? result.GetValue(samples) : null),
                Sampling = sampling.Read(result),
                MatchClasses = result.GetValue(match),
                Samples = result.GetValue(samples),
                Reference = result.GetValue(reference) ?? "",
                Split = result.GetValue(split),
                ReferenceSelection = chosen.Read(result),
                Floor = result.GetValue(floor),
                ReferenceCount = result.GetValue(referenceCount),
                Size = result.GetValue(size),
                Metrics = result.GetValue(metrics)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [],
                Extractor = result.GetValue(extractor),
                Count = result.GetValue(count),
                Batch = result.GetValue(batch),
                Parts = result.GetValue(parts),
                Out = result.GetValue(output),
                Report = result.GetValue(report),
                Compare = result.GetValue(compare)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [],
                Json = result.GetValue(json),
            };
            return Run(context, context.Console.Quiet(result.GetValue(quiet)), settings, result.GetValue(repeat));
        });
        return command;
    }

    private static int Run(CommandContext context, CliConsole console, EvaluateSettings settings, string? repeat)
    {
        if ((settings.Reference.Length == 0) == (repeat is null))
        {
            throw new ConsistencyModelsException(repeat is null ? "--reference is missing: what shall the samples be compared with? (or --repeat)" : "--reference and --repeat: the manifest says what is compared; leave --reference out");
        }

        if (settings.Floor && (settings.Samples is not null || settings.ReferenceCount is not null || !settings.Sampling.IsDefault || settings.MatchClasses))
        {
            throw new ConsistencyModelsException("--floor compares the reference with itself; leave out SAMPLES, --reference-count and how a model is drawn from");
        }

        if (settings.MatchClasses && settings.Sampling.Classes.Count > 0)
        {
            throw new ConsistencyModelsException("--classes and --match-classes both say which classes are drawn; give one of them");
        }

        if (settings.Report && settings.Out is null)
        {
            throw new ConsistencyModelsException("--report needs --out, the folder it is written into");
        }

        if (settings.Compare.Count > 0 && !settings.Report)
        {
            throw new ConsistencyModelsException("--compare is for the report: give --report too");
        }

        var before = repeat is null ? null : EvaluationManifest.Load(repeat);
        if (before is not null)
        {
            settings = RepeatedSettings.Of(before, settings.Engine) with { Out = settings.Out, Report = settings.Report, Compare = settings.Compare, Json = settings.Json };
        }

        if (settings.Out is not null)
        {
            OutputFolder.Make(settings.Out);
        }

        return context.RunShared(
            processes =>
            {
                if (processes.Count > 1 && settings.Out is null)
                {
                    throw new ConsistencyModelsException("--out is missing: under mpirun the processes share their work in it");
                }

                Measure(context, processes.Rank == 0 ? console : console.Quiet(true), settings, before, processes);
                return ExitCode.Fine;
            });
    }

    private static void Measure(CommandContext context, CliConsole console, EvaluateSettings settings, EvaluationManifest? before, ICollective processes)
    {
        EvaluationManifest[] others = [.. settings.Compare.Select(EvaluationManifest.Load)];
        using var job = new EvaluateJob(settings, processes, console, context.Cancellation);
        if (job.Run() is not { } evaluated)
        {
            return;
        }

        if (settings.Out is { } folder)
        {
            evaluated.Manifest.Save(Path.Combine(folder, ManifestName));
            if (settings.Report)
            {
                var page = Path.Combine(folder, EvaluatePage.Name);
                Spinner.For(console, "writing the report", _ =>
                {
                    EvaluatePage.Save(page, evaluated, job.SamplePictures!, job.ReferencePictures, others, context.Cancellation);
                    return true;
                });
                console.Error.WriteLine(page);
            }
        }

        if (settings.Json)
        {
            JsonText.Write(context.Console.Out, evaluated.Manifest.WriteTo);
        }
        else
        {
            EvaluateReport.WriteText(evaluated, console with { Out = context.Console.Out });
        }

        if (before is not null)
        {
            RepeatedSettings.ThrowIfChanged(before, evaluated.Manifest);
            EvaluateReport.WriteComparison(before, evaluated.Manifest, console);
        }
    }
}
