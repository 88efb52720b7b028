using System.Diagnostics;
using System.Text;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Tests.Checkpoints;

/// <summary>
/// A hundred thousand damaged files and more: each is refused with the project's exception or readable to its last tensor. No
/// crash, no hang, no allocation beyond twice the file and 64 MB. CM_MUTATIONS multiplies the number, CM_MUTATION_SEED moves
/// the seeds; a failure names the kind and seed, and keeps the file.
/// </summary>
public sealed class MutationTests : IDisposable
{
    private const long AllocationBeyondTwice = 64L << 20;
    private const int Looks = 4;
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(1);
    private static readonly int Factor = int.TryParse(Environment.GetEnvironmentVariable("CM_MUTATIONS"), out var factor) ? factor : 1;
    private static readonly int Shift = int.TryParse(Environment.GetEnvironmentVariable("CM_MUTATION_SEED"), out var shift) ? shift : 0;

    // Pieces that change meaning more often than random bytes do: opcodes, names, huge lengths, zip signatures.
    private static readonly byte[][] Tokens =
    [
        "PK\u0003\u0004"u8.ToArray(), "PK\u0001\u0002"u8.ToArray(), "PK\u0005\u0006"u8.ToArray(), "ctorch\nFloatStorage\n"u8.ToArray(),
        "cos\nsystem\n"u8.ToArray(), "ctorch._utils\n_rebuild_tensor_v2\n"u8.ToArray(), "ccollections\nOrderedDict\n"u8.ToArray(),
        [0xff, 0xff, 0xff, 0x7f], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], [0x8a, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        [0, 0, 0, 0], [(byte)'.'], [(byte)'R'], [(byte)'Q'], [(byte)'('], [(byte)'t'], [(byte)'u'], [(byte)'}'], [(byte)'2'], [(byte)'h', 0], [0x94],
        "[[[[[[[["u8.ToArray(), "\"\\ud800\""u8.ToArray(), "1e999"u8.ToArray(), "-1"u8.ToArray(), "9223372036854775807"u8.ToArray(), "null"u8.ToArray(), "{}"u8.ToArray(),
    ];

    private readonly TempFolder _folder = new();
    private int _refused;
    private int _read;

    [Theory]
    [InlineData("safetensors", 25_000)]
    [InlineData("zip", 40_000)]
    [InlineData("legacy", 25_000)]
    [InlineData("json", 25_000)]
    public void Damaged_files_are_refused_or_read(string kind, int runs)
    {
        var (seeds, read) = Corpus(kind);
        foreach (var seed in seeds)
        {
            Try(kind, -1, seed, read); // compiled and known to be readable before anything is measured
        }

        Assert.Equal((0, seeds.Length), (_refused, _read));
        for (var run = 0; run < runs * Factor; run++)
        {
            var random = new System.Random((Shift * 1_000_003) + run);
            Try(kind, run, Mutate(seeds[run % seeds.Length], random), read);
        }

        Assert.InRange(_refused, runs * Factor / 10, runs * Factor); // the mutator does its work
        Assert.Equal(seeds.Length + (runs * Factor), _refused + _read); // every one was looked at
        Assert.True(_read > seeds.Length, "no damaged file was readable: the mutator is too rough");
    }

    [Theory]
    [InlineData("empty dicts", (byte)'}')]
    [InlineData("nones", (byte)'N')]
    [InlineData("marks", (byte)'(')]
    [InlineData("lists", (byte)']')]
    public void A_flood_of_one_opcode_is_bounded(string what, byte opcode)
    {
        // After the magic number and the version: a legacy file of 30 MB.
        byte[] file = [.. File.ReadAllBytes(RepositoryFiles.Data("torch", "strides_legacy.pt")).AsSpan(0, 15), 0x80, 2, (byte)'M', 0xe9, 3, (byte)'.', .. Enumerable.Repeat(opcode, 30 << 20)];
        Try(what, 0, file, ReadTensors);
        Assert.Equal(1, _refused);
    }

    [Fact]
    public void A_dict_of_itself_many_times_over_is_bounded()
    {
        // Thirty levels, each holding the one below twice: 2^30 visits for a walk that does not count them.
        var pickle = new List<byte> { 0x80, 2, (byte)'}', (byte)'q', 0 };
        for (byte level = 1; level < 30; level++)
        {
            byte[] step = [(byte)'}', (byte)'q', level, (byte)'(', (byte)'K', 0, (byte)'h', (byte)(level - 1), (byte)'K', 1, (byte)'h', (byte)(level - 1), (byte)'u'];
            pickle.AddRange(step);
        }

        pickle.Add((byte)'.');
        byte[] file = [.. File.ReadAllBytes(RepositoryFiles.Data("torch", "strides_legacy.pt")).AsSpan(0, 15), 0x80, 2, (byte)'M', 0xe9, 3, (byte)'.', 0x80, 2, (byte)'}', (byte)'.', .. pickle];
        Try("nested", 0, file, ReadTensors);
        Assert.Equal(1, _refused);
    }

    public void Dispose() => _folder.Dispose();

    private static (byte[][] Seeds, Action<string> Read) Corpus(string kind)
    {
        static byte[] Torch(string name) => File.ReadAllBytes(RepositoryFiles.Data("torch", name));
        return kind switch
        {
            "safetensors" => ([Safetensors()], ReadTensors),
            "zip" => ([Torch("dtypes.pt"), Torch("strides.pt"), Torch("module_state.pt"), Torch("protocol4.pt"), Torch("big_endian.pt"), Torch("nested.pt")], ReadTensors),
            "legacy" => ([Torch("dtypes_legacy.pt"), Torch("strides_legacy.pt")], ReadTensors),
            _ => (
            [
                File.ReadAllBytes(RepositoryFiles.Golden("fullsize", "imagenet64", "config.json")),
                Encoding.UTF8.GetBytes(new CMStochasticIterativeSchedulerConfig().ToJson()),
                File.ReadAllBytes(RepositoryFiles.Golden("openai", "tiny", "diffusers", "model_index.json")),
                """{"metadata": {"total_size": 12}, "weight_map": {"a.weight": "a-00001-of-00002.safetensors"}}"""u8.ToArray(),
            ], ReadJson),
        };
    }

    private static byte[] Safetensors()
    {
        using var folder = new TempFolder();
        var path = folder.File("x");
        SafetensorsWriter.Write(path,
        [
            TensorToWrite.FromFloats("conv.weight", [2, 3], new float[6]),
            TensorToWrite.FromFloats("conv.bias", [2], new float[2], TensorDType.F16),
            TensorToWrite.FromBytes("empty", TensorDType.U8, [0, 7], default),
        ]);
        return File.ReadAllBytes(path);
    }

    private static void ReadTensors(string path)
    {
        using var file = TensorFiles.Open(path);
        foreach (var (name, info) in file.Tensors)
        {
            Assert.Equal(info.ElementCount * info.DType.Size(), file.Bytes(name).Length);
            if (info.ElementCount < 4096)
            {
                file.CopyTo(name, new float[info.ElementCount]);
            }

            file.Release(name);
        }
    }

    // Whichever of the four it was made from: readers must refuse the other three as well.
    private static void ReadJson(string path)
    {
        var failures = 0;
        ConsistencyModelsException? last = null;
        foreach (Action read in (Action[])[() => UNet2DDescription.Of(UNet2DConfig.Load(path)), () => CMStochasticIterativeSchedulerConfig.Load(path), () => ModelIndex.Load(path), () => ShardedTensors.Open(path).Dispose()])
        {
            try
            {
                read();
            }
            catch (ConsistencyModelsException e)
            {
                (failures, last) = (failures + 1, e);
            }
        }

        // A well-formed index is refused for its missing shards.
        if (failures == 4 && !last!.Message.Contains("no such file", StringComparison.Ordinal))
        {
            throw last;
        }
    }

    private static byte[] Mutate(byte[] seed, System.Random random)
    {
        var bytes = new List<byte>(seed);
        for (var change = random.Next(1, 5); change > 0; change--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(8))
            {
                case 0 or 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 3: bytes.RemoveRange(at, Math.Min(random.Next(1, 9), bytes.Count - at)); break;
                case 4: bytes.InsertRange(at, Tokens[random.Next(Tokens.Length)]); break;
                case 5:
                    var token = Tokens[random.Next(Tokens.Length)];
                    for (var i = 0; i < token.Length && at + i < bytes.Count; i++)
                    {
                        bytes[at + i] = token[i];
                    }

                    break;
                case 6: bytes.InsertRange(at, bytes.GetRange(random.Next(bytes.Count), 1)); break;
                default: bytes.RemoveRange(random.Next(20) == 0 ? at : bytes.Count - 1, 1); break;
            }

            if (bytes.Count == 0)
            {
                bytes.Add(0);
            }
        }

        return [.. bytes];
    }

    private void Try(string kind, int run, byte[] bytes, Action<string> read)
    {
        var path = _folder.File(kind == "json" ? "mutant.json" : "mutant");
        File.WriteAllBytes(path, bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        try
        {
            read(path);
            _read++;
        }
        catch (ConsistencyModelsException e)
        {
            Assert.DoesNotContain(e.Message, char.IsControl);
            _refused++;
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{kind} {run}: {e.GetType().Name}, kept as {Keep(kind, run, bytes)}", e);
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= (2L * bytes.Length) + AllocationBeyondTwice, $"{kind} {run}: {allocated} bytes for a file of {bytes.Length}");

        // The clock also counts what other processes take: only further looks tell a hang.
        var fastest = watch.Elapsed;
        for (var look = 0; fastest > Hang && look < Looks; look++)
        {
            watch.Restart();
            _ = Record.Exception(() => read(path));
            fastest = watch.Elapsed < fastest ? watch.Elapsed : fastest;
        }

        if (fastest > Hang)
        {
            Assert.Fail($"{kind} {run}: {fastest}, kept as {Keep(kind, run, bytes)}");
        }
    }

    private static string Keep(string kind, int run, byte[] bytes)
    {
        var path = Path.Combine(Path.GetTempPath(), $"cm-mutant-{kind}-{run}");
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
