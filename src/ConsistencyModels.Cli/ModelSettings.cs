using ConsistencyModels.Models;

namespace ConsistencyModels.Cli;

/// <summary>Which model, in the user's words.</summary>
internal sealed record ModelSettings
{
    /// <summary>A folder, a file, or a name to download by; null for the bundled model.</summary>
    public string? Name { get; init; }

    /// <summary>Which files of it, and what replaces facts that they do not hold.</summary>
    public ModelOptions Files { get; init; } = new();

    /// <summary>The name by which pictures and reports call the model.</summary>
    public string ShortName => Name is null ? BundledModel.Name
        : ModelLocation.IsOnDisk(Name) || !ModelLocation.IsRemote(Name) ? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Name)))
        : Uri.TryCreate(Name, UriKind.Absolute, out var address) ? Uri.UnescapeDataString(address.Segments[^1])
        : Name;

    /// <summary>Finds the model, and downloads it if it is not here.</summary>
    /// <param name="console">Where to show a download's progress.</param>
    /// <param name="cancellation">Ends a download.</param>
    /// <returns>A folder or file that is there.</returns>
    /// <exception cref="ConsistencyModelsException">It is nowhere, or cannot be downloaded.</exception>
    public string Find(CliConsole console, CancellationToken cancellation)
    {
        if (Name is not null && !ModelLocation.IsOnDisk(Name) && ModelLocation.IsRemote(Name))
        {
            return Spinner.For(console, "downloading", report => ModelLocation.FindAsync(Name, Files, DownloadProgress.To(report), cancellation));
        }

        return Files.Revision is null
            ? Name is null ? BundledModel.FindOrThrow() : Name
            : throw new ConsistencyModelsException($"--revision is '{Files.Revision}', but {Name ?? "the bundled model"} does not come from the Hub; leave it out");
    }

    /// <summary>Finds and opens the model: its small files, not its weights.</summary>
    /// <param name="console">Where to show a download's progress.</param>
    /// <param name="cancellation">Ends a download.</param>
    /// <returns>The model; the caller disposes it.</returns>
    /// <exception cref="ConsistencyModelsException">It is nowhere, cannot be downloaded, or is damaged.</exception>
    public Model Open(CliConsole console, CancellationToken cancellation) => ModelReader.Open(Find(console, cancellation), Files);
}
