using ConsistencyModels.Data;
using ConsistencyModels.Evaluation.Pictures;
using ConsistencyModels.Evaluation.Runs;
using ConsistencyModels.Models;

namespace ConsistencyModels.Cli.Evaluating;

/// <summary>Decides whether words name a model or pictures, and opens them.</summary>
internal static class SampleSource
{
    private static readonly string[] ModelFiles = [".safetensors", ".pt", ".pth", ".ckpt", ".bin"];

    /// <summary>Whether words name a model: a model's folder or file, a bundled model's name, a name to download by, or nothing, which is the bundled model.</summary>
    public static bool IsModel(string? words) =>
        words is null
        || (Directory.Exists(words) ? ((string[])["model_index.json", "unet", "config.json"]).Any(name => Path.Exists(Path.Combine(words, name)))
            : File.Exists(words) ? ModelFiles.Contains(Path.GetExtension(words), StringComparer.OrdinalIgnoreCase)
            : ModelLocation.IsRemote(words) || ModelSettings.IsBundled(words));

    /// <summary>How a selection of pictures is read.</summary>
    /// <exception cref="ConsistencyModelsException">Its map of classes makes no sense.</exception>
    public static ImageDataSetOptions OptionsOf(PictureSelection selection) => new()
    {
        Size = selection.Size,
        Split = selection.Split,
        Classes = selection.ClassMap is { } map ? ClassMap.Parse(map) : null,
        Crop = selection.NativeSizeOnly ? ImageCrop.None : ImageCrop.Center,
        Background = selection.Background,
    };

    /// <summary>Opens pictures, and shows how far decoding is.</summary>
    /// <param name="path">A file or a folder.</param>
    /// <param name="selection">Which pictures, and their size.</param>
    /// <param name="count">How many; null for all.</param>
    /// <param name="console">Where to show it, and to note what is left out.</param>
    /// <param name="cancellation">Ends it.</param>
    public static DataSetPictures Open(string path, PictureSelection selection, int? count, CliConsole console, CancellationToken cancellation)
    {
        var options = OptionsOf(selection);
        var pictures = Spinner.For(console, $"reading {Path.GetFileName(Path.TrimEndingDirectorySeparator(path))}", report => DataSetPictures.Open(
            path,
            options,
            count,
            new SynchronousProgress<DecodeProgress>(progress => report((double)progress.Done / progress.Total, "")),
            cancellation,
            half: selection.Half));
        foreach (var note in pictures.Notes)
        {
            console.Note($"{path}: {note}");
        }

        return pictures;
    }

    /// <summary>For the manifest.</summary>
    public static SamplesDescription Describe(DataSetPictures pictures, string path, PictureSelection selection) =>
        new() { Path = path, IsModel = false, Hash = pictures.Fingerprint, Count = pictures.Count, Pictures = selection };

    /// <summary>For the manifest.</summary>
    public static SamplesDescription Describe(NoisePictures noise) =>
        new() { Path = NoisePictures.Word, IsModel = false, Hash = noise.Identity, Count = noise.Count, Pictures = new() { Size = noise.Side } };

    /// <summary>Whether words ask for noise, and not for a file or folder of that name.</summary>
    public static bool IsNoise(string? words) => words == NoisePictures.Word && !Path.Exists(words);
}
