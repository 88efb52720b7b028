using System.IO.Compression;
using System.Text;
using ConsistencyModels.Files;

namespace ConsistencyModels.Evaluation.References;

/// <summary>Writes numpy's .npz: a zip of .npy arrays, stored as they are, so that <c>numpy.load</c> and openai's evaluator read it.</summary>
public sealed class NpzFile : IDisposable
{
    private readonly ZipArchive _archive;

    private NpzFile(Stream stream) => _archive = new(stream, ZipArchiveMode.Create, leaveOpen: true);

    /// <summary>Writes a file whole or not at all.</summary>
    /// <param name="path">The file; what is there is replaced.</param>
    /// <param name="write">Adds the arrays.</param>
    /// <exception cref="ConsistencyModelsException">It cannot be written.</exception>
    public static void Write(string path, Action<NpzFile> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        AtomicFile.Write(path, stream =>
        {
            using var file = new NpzFile(stream);
            write(file);
        });
    }

    /// <summary>Adds an array.</summary>
    /// <param name="name">Its name, such as <c>arr_0</c>.</param>
    /// <param name="type">numpy's name of the numbers: <c>|u1</c>, <c>&lt;f8</c>, <c>&lt;i8</c>.</param>
    /// <param name="shape">Its dimensions.</param>
    /// <param name="data">Writes exactly the little-endian numbers in C order.</param>
    public void Add(string name, string type, IReadOnlyList<long> shape, Action<Stream> data)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(data);

        // Dates would make two files of the same content differ.
        var entry = _archive.CreateEntry(name + ".npy", CompressionLevel.NoCompression);
        entry.LastWriteTime = new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
        using var stream = entry.Open();
        var dimensions = shape.Count == 1 ? $"{shape[0]}," : string.Join(", ", shape);
        var header = $"{{'descr': '{type}', 'fortran_order': False, 'shape': ({dimensions}), }}";
        const int Alignment = 64, Start = 10;
        var padded = (((Start + header.Length + 1 + Alignment - 1) / Alignment) * Alignment) - Start;
        stream.Write([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, (byte)padded, (byte)(padded >> 8)]);
        stream.Write(Encoding.ASCII.GetBytes(header.PadRight(padded - 1) + "\n"));
        data(stream);
    }

    /// <summary>Adds numbers of double precision.</summary>
    public void Add(string name, IReadOnlyList<long> shape, double[] values) =>
        Add(name, "<f8", shape, stream => stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan())));

    /// <summary>Adds whole numbers.</summary>
    public void Add(string name, IReadOnlyList<long> shape, long[] values) =>
        Add(name, "<i8", shape, stream => stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan())));

    /// <inheritdoc/>
    public void Dispose() => _archive.Dispose();
}
