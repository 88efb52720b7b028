using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;

namespace ConsistencyModels.Tests.Checkpoints;

/// <summary>Offsets and lengths beyond 2^32, in sparse files (<see cref="SparseFile"/>): the first tensor is a hole.</summary>
public sealed class HugeFileTests : IDisposable
{
    private static readonly float[] Values = [1.5f, -2, 3.25f];
    private readonly TempFolder _folder = new();
    private readonly long _hole;

    public HugeFileTests() => _hole = SparseFile.Hole(_folder);

    [Fact]
    public void A_safetensors_file()
    {
        var path = _folder.File("huge.safetensors");
        var header = Encoding.UTF8.GetBytes(FormattableString.Invariant(
            $$$"""{"hole":{"dtype":"U8","shape":[{{{_hole}}}],"data_offsets":[0,{{{_hole}}}]},"after":{"dtype":"F32","shape":[3],"data_offsets":[{{{_hole}}},{{{_hole + 12}}}]}}"""));
        using (var file = File.Create(path))
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            file.Write(length);
            file.Write(header);
            Skip(file, _hole);
            file.Write(After());
        }

        Check(path);

        // One byte less, and the last tensor is cut short.
        using (var file = File.OpenWrite(path))
        {
            file.SetLength(file.Length - 1);
        }

        Assert.Contains("it was cut short", Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_zip64_torch_file()
    {
        var path = _folder.File("huge.pt");
        Write(path);
        Check(path);

        // Another reader of zip files finds the same: sizes, places, and what lies beyond the hole.
        using var zip = ZipFile.OpenRead(path);
        Assert.Equal(_hole, zip.GetEntry("archive/data/0")!.Length);
        using var stream = zip.GetEntry("archive/data/1")!.Open();
        var bytes = new byte[12];
        stream.ReadExactly(bytes);
        Assert.Equal(After(), bytes);
    }

    [Fact]
    public void A_torch_file_that_was_cut_short()
    {
        var path = _folder.File("huge.pt");
        Write(path);
        using (var file = File.OpenWrite(path))
        {
            file.SetLength(file.Length - 100);
        }

        Assert.Contains("it was cut short", Assert.Throws<CheckpointException>(() => TorchFile.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_legacy_torch_file()
    {
        var path = _folder.File("huge_legacy.pt");
        byte[] start =
        [
            .. File.ReadAllBytes(RepositoryFiles.Data("torch", "strides_legacy.pt")).AsSpan(0, 15), // magic number and version
            0x80, 2, (byte)'M', 0xe9, 3, (byte)'.', // protocol version 1001
            0x80, 2, (byte)'}', (byte)'.', // the system
            .. PickleWriter.StateDict(Tensors()),
            0x80, 2, (byte)']', (byte)'(', (byte)'X', 1, 0, 0, 0, (byte)'0', (byte)'X', 1, 0, 0, 0, (byte)'1', (byte)'e', (byte)'.', // keys
        ];
        using (var file = File.Create(path))
        {
            file.Write(start);
            file.Write(BitConverter.GetBytes(_hole));
            Skip(file, _hole);
            file.Write(BitConverter.GetBytes(3L));
            file.Write(After());
        }

        Check(path);
    }

    public void Dispose() => _folder.Dispose();

    private static byte[] After()
    {
        var bytes = new byte[12];
        Buffer.BlockCopy(Values, 0, bytes, 0, 12);
        return bytes;
    }

    private TensorInfo[] Tensors() => [new("hole", TensorDType.U8, [_hole]), new("after", TensorDType.F32, [3])];

    private void Write(string path)
    {
        var pickle = PickleWriter.StateDict(Tensors());
        using var file = File.Create(path);
        var zip = new StoredZip(file, 64);
        zip.Add("archive/data.pkl", pickle.Length, target => target.Write(pickle));
        zip.Add("archive/data/0", _hole, target => Skip(target, _hole));
        zip.Add("archive/data/1", 12, target => target.Write(After()));
        zip.Add("archive/version", 2, target => target.Write("3\n"u8));
        zip.Finish();
    }

    private void Check(string path)
    {
        if (SparseFile.BytesOnDisk(path) is { } taken)
        {
            Assert.InRange(taken, 0, Math.Min(_hole, 100L << 20)); // no four gigabytes were written for this
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        using var tensors = TensorFiles.Open(path);
        Assert.Equal(["after", "hole"], tensors.Tensors.Keys.Order(StringComparer.Ordinal));
        Assert.Equal([_hole], tensors.Tensors["hole"].Shape);
        var values = new float[3];
        tensors.CopyTo("after", values);
        Assert.Equal(Values, values);
        Assert.Equal(After(), tensors.Bytes("after").ToArray());
        tensors.Release("hole");
        tensors.Release("after");
        tensors.CopyTo("after", values);
        Assert.Equal(Values, values);
        if (_hole > int.MaxValue)
        {
            // More than a span holds: refused, not wrapped around.
            Assert.Contains($"has {_hole} bytes", Assert.Throws<CheckpointException>(() => tensors.Bytes("hole").Length).Message, StringComparison.Ordinal);
            Assert.Throws<ArgumentException>(() => tensors.CopyTo("hole", new float[unchecked((uint)_hole)]));
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    // Zeros: skipped in the file, which leaves a hole, and written to a checksum.
    private static void Skip(Stream target, long count)
    {
        if (target is FileStream file)
        {
            file.Seek(count, SeekOrigin.Current);
            return;
        }

        var zeros = new byte[1 << 20];
        for (; count > 0; count -= zeros.Length)
        {
            target.Write(zeros.AsSpan(0, (int)Math.Min(count, zeros.Length)));
        }
    }
}
