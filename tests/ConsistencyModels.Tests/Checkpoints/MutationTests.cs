using ConsistencyModels.Checkpoints;

namespace ConsistencyModels.Tests.Checkpoints;

/// <summary>Damaged files of weights: each is refused, or readable to its last tensor.</summary>
public sealed class MutationTests : IDisposable
{
    // Pieces that change meaning more often than random bytes do: opcodes, names, huge lengths, zip signatures.
    private static readonly byte[][] Tokens =
    [
        "PK\u0003\u0004"u8.ToArray(), "PK\u0001\u0002"u8.ToArray(), "PK\u0005\u0006"u8.ToArray(), "ctorch\nFloatStorage\n"u8.ToArray(),
        "cos\nsystem\n"u8.ToArray(), "ctorch._utils\n_rebuild_tensor_v2\n"u8.ToArray(), "ccollections\nOrderedDict\n"u8.ToArray(),
        [0xff, 0xff, 0xff, 0x7f], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], [0x8a, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        [0, 0, 0, 0], [(byte)'.'], [(byte)'R'], [(byte)'Q'], [(byte)'('], [(byte)'t'], [(byte)'u'], [(byte)'}'], [(byte)'2'], [(byte)'h', 0], [0x94],
        "[[[[[[[["u8.ToArray(), "\"\\ud800\""u8.ToArray(), "1e999"u8.ToArray(), "-1"u8.ToArray(), "9223372036854775807"u8.ToArray(), "null"u8.ToArray(), "{}"u8.ToArray(),
    ];

    // After the magic number and the version of a legacy file comes a pickle.
    private const int Magic = 15 + 6;

    private static readonly byte[][] Opcodes =
    [
        "}"u8.ToArray(), "]"u8.ToArray(), ")"u8.ToArray(), "("u8.ToArray(), "N"u8.ToArray(), [0x88], [0x89], "t"u8.ToArray(), "u"u8.ToArray(), "s"u8.ToArray(), "a"u8.ToArray(), "e"u8.ToArray(),
        "R"u8.ToArray(), "b"u8.ToArray(), [0x81], [0x92], [0x85], [0x86], [0x87], "l"u8.ToArray(), "d"u8.ToArray(), "0"u8.ToArray(), "1"u8.ToArray(), "2"u8.ToArray(), "Q"u8.ToArray(), [0x94], [0x93],
        [(byte)'K', 1], [(byte)'K', 0], [(byte)'M', 2, 1], [(byte)'J', 0xff, 0xff, 0xff, 0xff], [0x8a, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], [0x8a, 0], [0x8b, 0xff, 0xff, 0xff, 0x7f],
        [(byte)'G', 0x7f, 0xf0, 0, 0, 0, 0, 0, 0], "I1\n"u8.ToArray(), "F1e999\n"u8.ToArray(), "L99999999999999999999L\n"u8.ToArray(), [(byte)'X', 3, 0, 0, 0, (byte)'c', (byte)'p', (byte)'u'],
        [(byte)'X', 0xff, 0xff, 0xff, 0xff], [0x8c, 7, .. "storage"u8], [(byte)'U', 1, (byte)'0'], [0x8d, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], "S'x'\n"u8.ToArray(), "V\\ud800\n"u8.ToArray(),
        "ctorch\nFloatStorage\n"u8.ToArray(), "ctorch._utils\n_rebuild_tensor_v2\n"u8.ToArray(), "ctorch._utils\n_rebuild_parameter\n"u8.ToArray(), "ccollections\nOrderedDict\n"u8.ToArray(),
        "cos\nsystem\n"u8.ToArray(), "cbuiltins\neval\n"u8.ToArray(), "ios\nsystem\n"u8.ToArray(), "c\n\n"u8.ToArray(), [0x95, 4, 0, 0, 0, 0, 0, 0, 0], [(byte)'g', (byte)'0', (byte)'\n'], [(byte)'p', (byte)'0', (byte)'\n'],
        [(byte)'P', (byte)'x', (byte)'\n'], [0x82, 1], [0x8f], [0x90], [0x91], [0x96, 1, 0, 0, 0, 0, 0, 0, 0, 1], [0x97], [(byte)'B', 0xff, 0xff, 0xff, 0x7f], [(byte)'C', 1, 1],
    ];

    private readonly ScratchFile _file = new("mutant");

    [Theory]
    [InlineData("safetensors")]
    [InlineData("zip")]
    [InlineData("zip directory")]
    [InlineData("legacy")]
    [InlineData("pickle")]
    public void Damaged_files_are_refused_or_read(string kind) => Mutations.Run(
        kind,
        Mutations.Many,
        Seeds(kind),
        ReadTensors,
        kind switch
        {
            "zip directory" => Mutations.Zip,
            "pickle" => static (seed, random) => [.. seed.AsSpan(0, Magic), .. Program(random), .. seed.AsSpan(Magic + seed.AsSpan(Magic).IndexOf((byte)'.') + 1)],
            _ => null,
        },
        Tokens);

    [Theory]
    [InlineData("empty dicts", (byte)'}')]
    [InlineData("nones", (byte)'N')]
    [InlineData("marks", (byte)'(')]
    [InlineData("lists", (byte)']')]
    public void A_flood_of_one_opcode_is_bounded(string what, byte opcode)
    {
        // A legacy file of 30 MB.
        byte[] file = [.. File.ReadAllBytes(RepositoryFiles.Data("torch", "strides_legacy.pt")).AsSpan(0, Magic), .. Enumerable.Repeat(opcode, 30 << 20)];
        Assert.False(Mutations.Try(what, 0, file, ReadTensors));
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
        byte[] file = [.. File.ReadAllBytes(RepositoryFiles.Data("torch", "strides_legacy.pt")).AsSpan(0, Magic), 0x80, 2, (byte)'}', (byte)'.', .. pickle];
        Assert.False(Mutations.Try("nested", 0, file, ReadTensors));
    }

    public void Dispose() => _file.Dispose();

    private static byte[][] Seeds(string kind)
    {
        static byte[] Torch(string name) => File.ReadAllBytes(RepositoryFiles.Data("torch", name));
        return kind switch
        {
            "safetensors" => [Safetensors()],
            "zip" or "zip directory" => [Torch("dtypes.pt"), Torch("strides.pt"), Torch("module_state.pt"), Torch("protocol4.pt"), Torch("big_endian.pt"), Torch("nested.pt")],
            _ => [Torch("dtypes_legacy.pt"), Torch("strides_legacy.pt")],
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

    // What a pickle may say, in any order: values, names that are allowed and not, the memo, marks, calls, storages. It stands where a legacy
    // file has its system's sizes, before the state dict: what is wrong in it is refused, what is right is passed over.
    private static byte[] Program(System.Random random)
    {
        var program = new List<byte> { 0x80, (byte)random.Next(2, 5) };
        for (var count = random.Next(1, 60); count > 0; count--)
        {
            program.AddRange(Opcodes[random.Next(Opcodes.Length)]);
            if (random.Next(4) == 0)
            {
                program.AddRange([(byte)"hqjr"[random.Next(2)], (byte)random.Next(8)]);
            }
        }

        program.AddRange(random.Next(3) == 0 ? [(byte)'}', (byte)'.'] : [(byte)'.']);
        return [.. program];
    }

    private void ReadTensors(byte[] bytes)
    {
        using var file = TensorFiles.Open(_file.With(bytes));
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
}
