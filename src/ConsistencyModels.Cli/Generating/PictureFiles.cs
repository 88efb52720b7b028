using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using ConsistencyModels.Files;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Generating;

/// <summary>
/// Where pictures go. A file that the user named is replaced; a name made up here is never taken from a file that is there
/// already, unless it holds the very same bytes.
/// </summary>
internal sealed class PictureFiles
{
    /// <summary>What stands for standard output.</summary>
    public const string StandardOutput = "-";

    private const string DefaultFolder = "out";
    private const int LongestSlug = 40;

    private readonly string? _file;
    private readonly string _folder;
    private readonly Func<Stream> _openOut;

    /// <summary>Decides by the user's words.</summary>
    /// <param name="output">A file or a folder; "-" for standard output; null for the folder "out".</param>
    /// <param name="format">png, jpeg or webp; null for what the file's name says, or png.</param>
    /// <param name="pictures">How many there will be.</param>
    /// <param name="console">Where standard output is.</param>
    /// <exception cref="ConsistencyModelsException">They contradict each other, or something else is at the place.</exception>
    public PictureFiles(string? output, string? format, int pictures, CliConsole console)
    {
        _openOut = console.OpenOut;
        var asked = format switch { "jpeg" => ImageFormat.Jpeg, "webp" => ImageFormat.Webp, "png" => ImageFormat.Png, _ => (ImageFormat?)null };
        _folder = output ?? DefaultFolder;
        Format = asked ?? ImageFormat.Png;
        if (output == StandardOutput)
        {
            ToStandardOutput = pictures == 1 ? true
                : throw new ConsistencyModelsException($"--out -: {pictures} pictures do not fit standard output; expected one, or name a folder");
            return;
        }

        if (!LooksLikeFile(_folder))
        {
            ThrowIfFile(_folder);
            return;
        }

        _file = _folder;
        _folder = Path.GetDirectoryName(_file) is { Length: > 0 } parent ? parent : ".";
        Format = ImageEncoder.FormatOf(_file);
        if (asked is not null && asked != Format)
        {
            throw new ConsistencyModelsException($"--out {_file}: its name says {Format}, --format says {asked}; leave one out");
        }

        if (pictures > 1)
        {
            throw new ConsistencyModelsException($"--out {_file}: {pictures} pictures do not fit one file; add --grid, or name a folder");
        }

        ThrowIfFile(_folder);
    }

    /// <summary>What is written.</summary>
    public ImageFormat Format { get; }

    /// <summary>Whether the bytes go to standard output.</summary>
    public bool ToStandardOutput { get; }

    /// <summary>Writes a picture.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="stem">What to call it where the user did not.</param>
    /// <param name="text">Parameters for formats that can carry them.</param>
    /// <returns>The file's path; "-" for standard output.</returns>
    /// <exception cref="ConsistencyModelsException">It cannot be written.</exception>
    public string Save(ImageBuffer image, string stem, IReadOnlyDictionary<string, string> text) => Save(
        ImageEncoder.Encode(image, new EncodeOptions
        {
            Format = Format,
            Lossless = true,
            Text = Format == ImageFormat.Png ? text : null,
        }),
        stem);

    /// <summary>Writes a picture that is encoded already, in <see cref="Format"/>.</summary>
    /// <param name="encoded">The bytes of the file.</param>
    /// <param name="stem">What to call it where the user did not.</param>
    /// <returns>The file's path; "-" for standard output.</returns>
    /// <exception cref="ConsistencyModelsException">It cannot be written.</exception>
    public string Save(byte[] encoded, string stem)
    {
        if (ToStandardOutput)
        {
            using var stream = _openOut();
            stream.Write(encoded);
            return StandardOutput;
        }

        OutputFolder.Make(_folder);
        if (_file is not null)
        {
            AtomicFile.WriteAllBytes(_file, encoded);
            return _file;
        }

        var extension = Format switch { ImageFormat.Png => ".png", ImageFormat.Jpeg => ".jpg", _ => ".webp" };
        for (var number = 1; ; number++)
        {
            var name = number == 1 ? stem : string.Create(CultureInfo.InvariantCulture, $"{stem}-{number}");
            var path = Path.Combine(_folder, name + extension);
            if (!File.Exists(path))
            {
                AtomicFile.WriteAllBytes(path, encoded);
                return path;
            }

            if (LinkEnd.InfoOf(path).Length == encoded.Length && File.ReadAllBytes(path).AsSpan().SequenceEqual(encoded))
            {
                return path;
            }
        }
    }

    /// <summary>A class's name as part of a file's: letters, digits and dashes.</summary>
    public static string Slug(string name)
    {
        var first = name.Split(',', 2)[0].Trim();
        var slug = string.Concat(first.Select(c => char.IsLetterOrDigit(c) ? c : '-')).Trim('-');
        return slug.Length <= LongestSlug ? slug : slug[..LongestSlug];
    }

    /// <summary>Refuses a report where the picture goes.</summary>
    /// <exception cref="ConsistencyModelsException">Both are to go to standard output.</exception>
    public static void ThrowIfBoth(string? output, bool json)
    {
        if (output == StandardOutput && json)
        {
            throw new ConsistencyModelsException("--out - and --json both go to standard output; leave one out");
        }
    }

    /// <summary>Whether the user's words name one file rather than a folder.</summary>
    public static bool LooksLikeFile([NotNullWhen(true)] string? output) =>
        output is not null
        && !Directory.Exists(output)
        && !Path.EndsInDirectorySeparator(output)
        && Path.GetExtension(output).ToLowerInvariant() is ".png" or ".jpg" or ".jpeg" or ".jpe" or ".jfif" or ".webp" or ".gif" or ".bmp" or ".tif" or ".tiff";

    /// <summary>Said before the work, not after it. The folders above need not exist either, but a file cannot be among them.</summary>
    /// <exception cref="ConsistencyModelsException">A file is there.</exception>
    internal static void ThrowIfFile(string folder)
    {
        for (var above = folder; !string.IsNullOrEmpty(above); above = Path.GetDirectoryName(above))
        {
            if (File.Exists(above))
            {
                throw new ConsistencyModelsException($"--out: {above} is a file, expected a folder");
            }
        }
    }
}
