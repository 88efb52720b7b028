using System.CommandLine;
using ConsistencyModels.Cli.Help;
using ConsistencyModels.Hub;
using ConsistencyModels.Models;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm download</c>.</summary>
internal static class DownloadCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context)
    {
        var model = new Argument<string>("MODEL") { HelpName = "MODEL", Description = "organisation/name on the Hub, one of openai's checkpoints, or an address" };
        model.CompletionSources.Add(_ => PublishedCheckpoints.Names);
        var revision = Options.Text("--revision", "A branch, a tag or a commit; default: main", "NAME");
        var variant = Options.Text("--variant", "Which weights, such as fp16; default: the plain ones", "NAME");
        var file = Options.Text("--file", "A single file of the repository instead of what a pipeline needs", "PATH");
        var cache = Options.Text("--cache", "The cache's folder; default: huggingface_hub's (HF_HUB_CACHE, HF_HOME)", "FOLDER");
        var quiet = Options.Switch("--quiet", "Print nothing but the path and errors", "-q");
        var command = new CliCommand(
            "download",
            "Download a model into the cache that huggingface_hub uses, and print where it is. HF_TOKEN, HF_ENDPOINT and HF_HUB_OFFLINE are heeded.",
            "cm download openai/diffusers-cd_imagenet64_l2",
            "cm download cd_imagenet64_l2                   # openai's own checkpoint",
            "cm download org/name --revision v1 --variant fp16")
        {
            model, revision, variant, file, cache, quiet,
        };
        command.SetAction(result =>
        {
            var words = result.GetRequiredValue(model);
            if (!ModelLocation.IsRemote(words))
            {
                throw new ConsistencyModelsException(
                    $"{words}: expected organisation/name, an address, or one of {string.Join(", ", PublishedCheckpoints.Names)}");
            }

            var options = HubOptions.FromEnvironment();
            if (result.GetValue(cache) is { } folder)
            {
                options = options with { CacheFolder = Path.GetFullPath(folder), UrlCacheFolder = Path.Combine(Path.GetFullPath(folder), "urls") };
            }

            // The path goes to standard output also with --quiet: it is the result.
            var console = result.GetValue(quiet) ? context.Console with { Error = TextWriter.Null } : context.Console;
            var files = new ModelOptions { Revision = result.GetValue(revision), Variant = result.GetValue(variant), Hub = options };
            var path = Spinner.For(console, "downloading", report => DownloadAsync(words, result.GetValue(file), files, DownloadProgress.To(report), context.Cancellation));
            console.Out.WriteLine(path);
            return ExitCode.Fine;
        });
        return command;
    }

    private static async Task<string> DownloadAsync(string model, string? file, ModelOptions files, IProgress<HubProgress> progress, CancellationToken cancellation)
    {
        if (!ModelLocation.IsRepository(model) && (file ?? files.Revision ?? files.Variant) is not null)
        {
            throw new ConsistencyModelsException($"{model}: --file, --revision and --variant are for repositories on the Hub");
        }

        if (file is null)
        {
            return await ModelLocation.DownloadAsync(model, files, progress, cancellation).ConfigureAwait(false);
        }

        using var client = new HubClient(files.Hub);
        return await client.DownloadFileAsync(model, file, files.Revision, progress, cancellation).ConfigureAwait(false);
    }
}
