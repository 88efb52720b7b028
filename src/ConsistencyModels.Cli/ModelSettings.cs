using ConsistencyModels.Models;

namespace ConsistencyModels.Cli;

/// <summary>Which model, in the user's words.</summary>
internal sealed record ModelSettings
{
    /// <summary>A folder, a file, or a name to download by; null for the bundled model.</summary>
    public string? Name { get; init; }

    /// <summary>A branch, a tag or a commit on the Hub, or null.</summary>
    public string? Revision { get; init; }

    /// <summary>Which weights of a folder, such as fp16; null for the plain ones.</summary>
    public string? Variant { get; init; }

    /// <summary>What replaces facts that the model's files do not hold.</summary>
    public ModelFileOptions Files { get; init; } = new();

    /// <summary>The name by which pictures and reports call the model.</summary>
    public string ShortName => Name is null ? BundledModel.Name
        : ModelLocator.IsOnDisk(Name) || !ModelLocator.IsRemote(Name) ? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Name)))
        : Uri.TryCreate(Name, UriKind.Absolute, out var address) ? Uri.UnescapeDataString(address.Segments[^1])
        : Name;

    /// <summary>Finds the model, and downloads it if it is not here.</summary>
    /// <param name="console">Where to show a download's progress.</param>
    /// <param name="cancellation">Ends a download.</param>
    /// <returns>A folder or file that is there.</returns>
    /// <exception cref="ConsistencyModelsException">It is nowhere, or cannot be downloaded.</exception>
    public string Find(CliConsole console, CancellationToken cancellation)
    {
        if (Name is not null && !ModelLocator.IsOnDisk(Name) && ModelLocator.IsRemote(Name))
        {
            return Waiting.For(console, "downloading", report => ModelLocator.Find(
                Name, Revision, Variant, progress: DownloadProgress.To(report), cancellationToken: cancellation));
        }

        return Revision is null
            ? Name is null ? BundledModel.FindOrThrow() : ModelLocator.Find(Name)
            : throw new ConsistencyModelsException($"--revision is '{Revision}', but {Name ?? "the bundled model"} does not come from the Hub; leave it out");
    }

    /// <summary>Reads what the model says about itself.</summary>
    /// <param name="path">What <see cref="Find"/> found.</param>
    public PipelineDescription Describe(string path) => PipelineDescription.Read(path, Files, Variant);
}
