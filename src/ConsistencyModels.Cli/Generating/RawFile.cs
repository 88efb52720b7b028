using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;

namespace ConsistencyModels.Cli.Generating;

/// <summary>
/// The images as the sampler left them, in one file: float32 [N, C, H, W], nominally in [-1, 1], neither clamped nor rounded. As NumPy
/// reads it (.npy, format 1.0) or as a safetensors file with the tensor "images".
/// </summary>
internal sealed class RawFile
{
    private const string Npy = "npy";
    private const string Safetensors = "safetensors";
    private const string Name = "images";

    private readonly string _format;
    private readonly string? _file;
    private readonly string _folder;
    private readonly ImageShape _shape;
    private readonly float[] _values;
    private int _count;

    private RawFile(string format, string? output, ImageShape shape)
    {
        (_format, _shape) = (format, shape);
        _file = output is not null && FormatOf(output) is not null ? output : null;
        _folder = _file is null ? output ?? "out" : Path.GetDirectoryName(_file) is { Length: > 0 } parent ? parent : ".";
        PictureFiles.ThrowIfFile(_folder);
        if (_file is not null)
        {
            OutputFolder.ThrowIfFolder("--out", _file);
        }

        _values = new float[shape.Length];
    }

    /// <summary>The file that the words of a command line ask for; null where they ask for pictures.</summary>
    /// <exception cref="ConsistencyModelsException">They contradict each other.</exception>
    public static RawFile? For(GenerateSettings settings, int count, ImageShape shape)
    {
        var format = settings.Format is Npy or Safetensors ? settings.Format : null;
        var named = settings.Out is null ? null : FormatOf(settings.Out);
        if ((format ?? named) is null)
        {
            return null;
        }

        if (settings.Out == PictureFiles.StandardOutput || PictureFiles.LooksLikeFile(settings.Out) || (named is not null && named != (settings.Format ?? named)))
        {
            throw new ConsistencyModelsException($"--out {settings.Out}: --format says {settings.Format}; expected a folder, or a name that ends in .{settings.Format}");
        }

        if (settings.Grid || settings.Scale != 1)
        {
            throw new ConsistencyModelsException($"{(settings.Grid ? "--grid" : "--scale")} is for pictures; --format {format ?? named} keeps the images as they are");
        }

        LaunchedShare.ThrowIfSeveral($"--format {format ?? named}");
        return (long)count * shape.ImageLength <= Array.MaxLength
            ? new(format ?? named!, settings.Out, shape.WithBatch(count))
            : throw new ConsistencyModelsException($"--count: {count} images of {shape.ImageLength} numbers do not fit one file; expected at most {Array.MaxLength / shape.ImageLength}");
    }

    /// <summary>Takes the next image.</summary>
    public void Add(ReadOnlySpan<float> image)
    {
        image.CopyTo(_values.AsSpan(_count * _shape.ImageLength, _shape.ImageLength));
        _count++;
    }

    /// <summary>Writes the file.</summary>
    /// <param name="seed">Seed of the first image, for its name where the user gave none.</param>
    /// <returns>Its path.</returns>
    /// <exception cref="ConsistencyModelsException">It cannot be written.</exception>
    public string Save(ulong seed)
    {
        OutputFolder.Make(_folder);
        var path = _file;
        for (var number = 1; path is null || (_file is null && File.Exists(path)); number++)
        {
            // A name made up here is never taken from a file that is there already.
            path = Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{Name}-{seed:D6}{(number == 1 ? "" : $"-{number}")}.{_format}"));
        }

        if (_format == Npy)
        {
            AtomicFile.Write(path, stream =>
            {
                stream.Write(NpyHeader(_shape));
                stream.Write(MemoryMarshal.AsBytes(_values.AsSpan()));
            });
        }
        else
        {
            SafetensorsWriter.Write(path, [TensorToWrite.FromFloats(Name, [_shape.Batch, _shape.Channels, _shape.Height, _shape.Width], _values)]);
        }

        return path;
    }

    private static string? FormatOf(string path) => Path.GetExtension(path).ToLowerInvariant() switch { ".npy" => Npy, ".safetensors" => Safetensors, _ => null };

    // numpy.lib.format, version 1.0: magic, version, the header's length, a Python dictionary padded so that the data begins at 64 bytes.
    private static byte[] NpyHeader(ImageShape shape)
    {
        const int start = 10;
        var text = string.Create(CultureInfo.InvariantCulture, $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape.Batch}, {shape.Channels}, {shape.Height}, {shape.Width}), }}");
        var length = ((start + text.Length + 1 + 63) / 64 * 64) - start;
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)length, (byte)(length >> 8), .. Encoding.ASCII.GetBytes(text.PadRight(length - 1) + "\n")];
    }
}
