using System.CommandLine;
using ConsistencyModels.Cli.Evaluating;
using ConsistencyModels.Cli.Help;
using ConsistencyModels.Evaluation.Extractors;
using ConsistencyModels.Evaluation.Features;
using ConsistencyModels.Evaluation.Metrics;
using ConsistencyModels.Evaluation.References;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm stats</c>.</summary>
internal static class StatsCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context)
    {
        var data = new Argument<string>("DATA") { Description = "A folder, .zip, .npz or other data set" };
        var output = Options.Text("--out", "The file to write, .npz: mu, sigma, and mu_s, sigma_s where the extractor has spatial features", "FILE", "-o");
        output.Required = true;
        var extractor = Options.Text("--extractor", "resnet18 (default), inception, lenet, or an ONNX file with its manifest", "NAME");
        var split = Options.Text("--split", "Which part of the data: train, test, ...; default: train where there are parts", "NAME");
        var size = Options.Whole("--size", "Side of the pictures in pixels before the extractor resizes them; default: their own", 1, 8192, "PIXELS");
        var background = CommonOptions.Background();
        var count = Options.Whole("--count", "How many, drawn by a fixed seed; default: all", 2, 10_000_000, "N", "-n");
        var batch = Options.Whole("--batch", "Pictures that pass the extractor at a time; default: 64", 1, 4096, "N", "-b");
        var threads = CommonOptions.Threads();
        var json = Options.Switch("--json", "Print what was written as JSON");
        var quiet = Options.Switch("--quiet", "Print nothing but errors", "-q");
        var command = new CliCommand(
            "stats",
            "Write mean and covariance of the features of real pictures, for cm evaluate --reference, and for openai's evaluator where the extractor is inception.",
            "cm stats held-out/ --out statistics.npz",
            "cm stats imagenet64.npz --extractor inception --out imagenet64-stats.npz")
        {
            data, output, extractor, split, size, background, count, batch, threads, json, quiet,
        };
        command.SetAction(result =>
        {
            var console = context.Console.Quiet(result.GetValue(quiet));
            var file = result.GetValue(output)!;
            OutputFolder.ThrowIfFolder("--out", file);
            using var network = new ExtractorStore().Open(result.GetValue(extractor) ?? ExtractorStore.Default, result.GetValue(threads) ?? 0);
            using var pictures = SampleSource.Open(result.GetRequiredValue(data), new() { Size = result.GetValue(size), Split = result.GetValue(split), Background = CommonOptions.ColorOf(result.GetValue(background)) }, result.GetValue(count), console, context.Cancellation);
            if (pictures.Count < 2)
            {
                throw new ConsistencyModelsException($"{pictures.Name}: one picture has no covariance; expected at least 2");
            }

            var extraction = new FeatureExtraction(network, result.GetValue(batch) ?? FeatureExtraction.DefaultBatch);
            var features = Spinner.For(console, "looking at the pictures", report => extraction.Run(
                pictures,
                FeatureCache.FolderOf(extraction, pictures),
                progress: new SynchronousProgress<ExtractionProgress>(progress => report((double)progress.Done / progress.Total, $"{progress.Done} of {progress.Total}")),
                cancellationToken: context.Cancellation))!;
            var statistics = Spinner.For(console, "computing the covariance", _ => new StatisticsFile(
                FeatureStatistics.Of(features.Features), features.Spatial is null ? null : FeatureStatistics.Of(features.Spatial), network.Hash));
            OutputFolder.MakeAbove(file);
            statistics.Save(file);
            if (result.GetValue(json))
            {
                JsonText.Write(context.Console.Out, writer =>
                {
                    writer.WriteString("file", file);
                    writer.WriteNumber("count", features.Count);
                    writer.WriteNumber("length", network.FeatureLength);
                    writer.WriteString("extractor", network.Manifest.Name);
                    writer.WriteString("extractor_sha256", network.Hash);
                    JsonText.Strings(writer, "notes", pictures.Notes);
                });
            }
            else
            {
                console.Out.WriteLine(file);
                console.Error.WriteLine($"{features.Count} pictures, {network.FeatureLength} features of {network.Manifest.Name} {network.Hash[..12]}");
            }

            return ExitCode.Fine;
        });
        return command;
    }
}
