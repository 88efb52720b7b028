using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;

namespace ConsistencyModels.Tests.Checkpoints;

/// <summary>Thousands of damaged files: each is either refused with a CheckpointException or fully readable.</summary>
public sealed class SafetensorsMutationTests : IDisposable
{
    private const long MostAllocated = 256 * 1024;
    private readonly TempFolder _folder = new();
    private readonly byte[] _valid;
    private readonly string _path;
    private int _refused;

    public SafetensorsMutationTests()
    {
        _path = _folder.File("x.safetensors");
        SafetensorsWriter.Write(_path,
        [
            TensorToWrite.FromFloats("conv.weight", [2, 3], new float[6]),
            TensorToWrite.FromFloats("conv.bias", [2], new float[2], TensorDType.F16),
            TensorToWrite.FromBytes("steps", TensorDType.I64, [], new byte[8]),
            TensorToWrite.FromBytes("empty", TensorDType.U8, [0, 7], default),
        ]);
        _valid = File.ReadAllBytes(_path);
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        for (var length = 0; length < _valid.Length; length++)
        {
            Try(_valid[..length]);
        }

        Assert.Equal(_valid.Length, _refused);
    }

    [Fact]
    public void Mutated_bytes_never_cause_anything_but_a_checkpoint_error()
    {
        const int Runs = 4000;
        var random = new System.Random(20240229);
        for (var run = 0; run < Runs; run++)
        {
            var bytes = (byte[])_valid.Clone();
            var header = 8 + (int)BitConverter.ToInt64(_valid);
            for (var change = random.Next(1, 4); change > 0; change--)
            {
                var at = random.Next(10) == 0 ? random.Next(8) : random.Next(header);
                bytes[at] = random.Next(3) switch
                {
                    0 => (byte)random.Next(256),
                    1 => (byte)(bytes[at] ^ (1 << random.Next(8))),
                    _ => (byte)"{}[]\",:0123456789-eE.\\ntf "[random.Next(26)],
                };
            }

            Try(random.Next(8) == 0 ? [.. bytes, .. new byte[random.Next(1, 9)]] : bytes);
        }

        Assert.InRange(_refused, Runs / 2, Runs - 1); // some hit a name or a space and stay valid
    }

    public void Dispose() => _folder.Dispose();

    private void Try(byte[] bytes)
    {
        File.WriteAllBytes(_path, bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            using var file = SafetensorsFile.Open(_path);
            foreach (var (name, info) in file.Tensors)
            {
                Assert.Equal(info.ElementCount * info.DType.Size(), file.Bytes(name).Length);
                file.CopyTo(name, new float[info.ElementCount]);
                file.Release(name);
            }
        }
        catch (CheckpointException e)
        {
            Assert.StartsWith(_path, e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(e.Message, char.IsControl);
            _refused++;
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostAllocated);
    }
}
