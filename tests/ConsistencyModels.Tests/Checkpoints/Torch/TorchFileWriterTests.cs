using ConsistencyModels.Checkpoints;

namespace ConsistencyModels.Tests.Checkpoints.Torch;

public sealed class TorchFileWriterTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public void What_is_written_reads_back()
    {
        var path = _folder.File("x.pt");
        TorchFileWriter.Write(path,
        [
            TensorToWrite.FromFloats("b.weight", [2, 3], new float[] { 1, 2, 3, 4, 5, 6 }),
            TensorToWrite.FromFloats("a.bias", [2], new float[] { 1.5f, -2 }, TensorDType.BF16),
            TensorToWrite.FromBytes("steps", TensorDType.I64, [], BitConverter.GetBytes(77L)),
            TensorToWrite.FromBytes("none", TensorDType.F32, [0, 300], default),
        ]);
        using var file = TorchFile.Open(path);
        Assert.Equal(["b.weight", "a.bias", "steps", "none"], file.Tensors.Keys);
        Assert.Equal(new TensorInfo("steps", TensorDType.I64, []).ElementCount, file.Tensors["steps"].ElementCount);
        Assert.Equal(77L, BitConverter.ToInt64(file.Bytes("steps")));
        var values = new float[6];
        file.CopyTo("b.weight", values);
        Assert.Equal([1, 2, 3, 4, 5, 6], values);
        file.CopyTo("a.bias", values.AsSpan(0, 2));
        Assert.Equal([1.5f, -2], values[..2]);
        Assert.Equal([0, 300], file.Tensors["none"].Shape);
    }

    [Fact]
    public void Other_zip_readers_accept_it_and_data_is_aligned()
    {
        var path = _folder.File("x.pt");
        TorchFileWriter.Write(path, [TensorToWrite.FromFloats("w", [1], new float[] { 3 }), TensorToWrite.FromFloats("v", [1], new float[] { 4 })]);
        using var zip = System.IO.Compression.ZipFile.OpenRead(path);
        var entry = zip.GetEntry("archive/data/1")!;
        using var stream = entry.Open(); // checks the CRC at the end
        var bytes = new byte[8];
        Assert.Equal(4, stream.ReadAtLeast(bytes, 8, throwOnEndOfStream: false));
        Assert.Equal(4f, BitConverter.ToSingle(bytes));
        var all = File.ReadAllBytes(path);
        Assert.Equal(0, all.AsSpan().IndexOf(bytes.AsSpan(0, 4)) % 64);
    }

    [Fact]
    public void Types_PyTorch_stores_untyped_and_names_used_twice_are_refused()
    {
        var path = _folder.File("x.pt");
        Assert.Throws<ArgumentException>(() => TorchFileWriter.Write(path, [TensorToWrite.FromBytes("a", TensorDType.U16, [1], new byte[2])]));
        var tensor = TensorToWrite.FromFloats("a", [], new float[1]);
        Assert.Throws<ArgumentException>(() => TorchFileWriter.Write(path, [tensor, tensor]));
        Assert.False(File.Exists(path));
    }

    public void Dispose() => _folder.Dispose();
}
