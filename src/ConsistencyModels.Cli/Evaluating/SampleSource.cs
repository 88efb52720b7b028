using ConsistencyModels.Data;
using ConsistencyModels.Evaluation.Pictures;
using ConsistencyModels.Evaluation.Runs;
using ConsistencyModels.Models;

namespace ConsistencyModels.Cli.Evaluating;

/// <summary>Decides whether words name a model or pictures, and opens them.</summary>
internal static class SampleSource
{
    private static readonly string[] ModelFiles = [".safetensors", ".pt", ".pth", ".ckpt", ".bin"];

    /// <summary>Whether words name a model: a model's folder or file, a name to download by, or nothing, which is the bundled model.</summary>
    public static bool IsModel(string? words) =>
        words is null
        || (Directory.Exists(words) ? ((string[])["model_index.json", "unet", "config.json"]).Any(name => Path.Exists(Path.Combine(words, name)))
            : File.Exists(words) ? ModelFiles.Contains(Path.GetExtension(words), StringComparer.OrdinalIgnoreCase)
            : ModelLocation.IsRemote(words));

    /// <summary>Opens pictures, and shows how far decoding is.</summary>
    public static DataSetPictures Open(string path, int? size, string? split, int? count, CliConsole console, CancellationToken cancellation)
    {
        var pictures = Spinner.For(console, $"reading {Path.GetFileName(Path.TrimEndingDirectorySeparator(path))}", report => DataSetPictures.Open(
            path,
            new ImageDataSetOptions { Size = size, Split = split },
            count,
            new SynchronousProgress<DecodeProgress>(progress => report((double)progress.Done / progress.Total, "")),
            cancellation));
        foreach (var note in pictures.Notes)
        {
            console.Note($"{path}: {note}");
        }

        return pictures;
    }

    /// <summary>For the manifest.</summary>
    public static SamplesDescription Describe(DataSetPictures pictures, string path, int? size, string? split) =>
        new() { Path = path, IsModel = false, Hash = pictures.Fingerprint, Count = pictures.Count, Size = size, Split = split };
}
