using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;

namespace ConsistencyModels.Tests.Checkpoints.Torch;

/// <summary>Files that torch.save wrote (tests/data/torch/make.py), against the values PyTorch had in memory.</summary>
public class TorchFileTests
{
    private static readonly JsonElement Expected =
        JsonDocument.Parse(File.ReadAllBytes(RepositoryFiles.Data("torch", "expected.json"))).RootElement;

    public static TheoryData<string> Files() => [.. Expected.EnumerateObject().Select(file => file.Name)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_value_is_what_PyTorch_saved(string name)
    {
        using var file = TorchFile.Open(RepositoryFiles.Data("torch", name));
        var expected = Expected.GetProperty(name);
        Assert.Equal(expected.EnumerateObject().Select(t => t.Name).Order(), file.Tensors.Keys.Order());
        foreach (var tensor in expected.EnumerateObject())
        {
            var info = file.Tensors[tensor.Name];
            Assert.Equal(tensor.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64()), info.Shape);
            Assert.Equal(DType(tensor.Value.GetProperty("dtype").GetString()!), info.DType);
            var values = new float[info.ElementCount];
            file.CopyTo(tensor.Name, values);
            Assert.Equal(tensor.Value.GetProperty("values").EnumerateArray().Select(value => (float)value.GetDouble()), values);

            var again = new float[values.Length];
            FloatConversion.ToSingle(info.DType, file.Bytes(tensor.Name), again);
            Assert.Equal(values, again);
            file.Release(tensor.Name);
            file.CopyTo(tensor.Name, again);
            Assert.Equal(values, again);
        }
    }

    [Theory]
    [InlineData(null, "ema", "0.weight")]
    [InlineData("model", "model", "0.weight")]
    [InlineData("", "", "model.0.weight")]
    [InlineData("optimizer.state.0", "optimizer.state.0", null)]
    public void A_part_of_a_training_checkpoint_is_chosen_or_asked_for(string? entry, string chosen, string? tensor)
    {
        var path = RepositoryFiles.Data("torch", "training.pt");
        if (tensor is null)
        {
            // The optimizer's state is keyed by integers.
            Assert.Contains("there is no '0'", Assert.Throws<CheckpointException>(() => TorchFile.Open(path, entry)).Message, StringComparison.Ordinal);
            return;
        }

        using var file = TorchFile.Open(path, entry);
        Assert.Equal(chosen, file.Entry);
        Assert.Equal([2, 1, 3, 3], file.Tensors[tensor].Shape);
    }

    [Fact]
    public void A_part_that_is_not_there_is_said() =>
        Assert.EndsWith(
            "there is no 'teacher' in it, found 'step', 'lr', 'name', 'model', 'ema', 'optimizer', 'size'",
            Assert.Throws<CheckpointException>(() => TorchFile.Open(RepositoryFiles.Data("torch", "training.pt"), "teacher")).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData("evil.pt", "asks for 'posix.system', which is not among the names a checkpoint may use; nothing was run")]
    [InlineData("evil_legacy.pt", "asks for 'posix.system', which is not among the names")]
    [InlineData("whole_module.pt", "asks for 'torch.nn.modules.container.Sequential', which is not among")]
    [InlineData("complex.pt", "asks for 'torch.ComplexFloatStorage', which is not among")]
    [InlineData("compressed.pt", "is compressed or encrypted, expected it stored")]
    [InlineData("script.pt", "a TorchScript program, expected a state dict")]
    [InlineData("expected.json", "not a torch file: it is neither a zip file nor a pickle")]
    public void What_is_not_a_state_dict_is_refused_by_name(string name, string expected)
    {
        var path = RepositoryFiles.Data("torch", name);
        var error = Assert.Throws<CheckpointException>(() => TorchFile.Open(path).Dispose());
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists("/tmp/this-must-not-exist"));
    }

    // torchvision's oldest files hold parameters in this form.
    [Theory]
    [InlineData("\u0088\u0089N\u0087b", null)]
    [InlineData("", null)]
    [InlineData("K\u0001K\u0002N\u0087b", "BUILD on something that is not a dict")]
    public void A_parameter_as_PyTorch_before_0_4_wrote_it_is_its_tensor(string state, string? refusal)
    {
        using var folder = new TempFolder();
        const string tensor = "ctorch._utils\n_rebuild_tensor\n((U\u0007storagectorch\nFloatStorage\nU\u00010U\u0003cpuK\u0002tQK\0K\u0002\u0085K\u0001\u0085tR";
        Zip(folder.File("old.pth"), $"\u0080\u0002}}U\u0001wctorch.nn.parameter\nParameter\n{tensor}\u0085R{state}s.", [1.5f, -2f]);
        if (refusal is not null)
        {
            Assert.Contains(refusal, Assert.Throws<CheckpointException>(() => TorchFile.Open(folder.File("old.pth"))).Message);
            return;
        }

        using var file = TorchFile.Open(folder.File("old.pth"));
        var values = new float[2];
        file.CopyTo("w", values);
        Assert.Equal([1.5f, -2f], values);
    }

    // What training programs keep beside weights, in protocol 2 as torch.save writes it and with an opcode of protocol 4.
    [Theory]
    [InlineData("cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\u0002f8\u0089\u0088\u0087R(K\u0003U\u0001<NNNtbc_codecs\nencode\nU\u0001xU\u0006latin1\u0086R\u0086R", "numpy.core.multiarray.scalar")]
    [InlineData("cargparse\nNamespace\n)\u0081}U\u0002lrG?\u00f0\0\0\0\0\0\0sb", "argparse.Namespace")]
    [InlineData("cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\u0085U\u0001b\u0087R(K\u0001K\u0002\u0085NNtb", "numpy.core.multiarray._reconstruct")]
    [InlineData("cpathlib\nPosixPath\nU\u0001/U\u0003tmp\u0086R", "pathlib.PosixPath")]
    [InlineData("ccollections\ndefaultdict\ncbuiltins\nlist\n\u0085R(U\u0001aK\u0001u", "collections.defaultdict")]
    [InlineData("cmy\nKeywords\n)}\u0092", "my.Keywords")]
    public void Values_of_unknown_kinds_beside_weights_are_passed_over_and_among_them_refused(string value, string name)
    {
        using var folder = new TempFolder();
        const string tensor = "ctorch._utils\n_rebuild_tensor\n((U\u0007storagectorch\nFloatStorage\nU\u00010U\u0003cpuK\u0002tQK\0K\u0002\u0085K\u0001\u0085tR";
        Zip(folder.File("beside.pt"), $"\u0080\u0002}}(U\u0004best{value}U\u0005model}}U\u0001w{tensor}su.", [1.5f, -2f]);
        foreach (var entry in (string?[])[null, "model"])
        {
            using var file = TorchFile.Open(folder.File("beside.pt"), entry);
            Assert.Equal(["w"], file.Tensors.Keys);
        }

        Zip(folder.File("among.pt"), $"\u0080\u0002}}U\u0005model}}(U\u0001w{tensor}U\u0001v{value}us.", [1.5f, -2f]);
        Assert.Contains(
            $"asks for '{name}', which is not among the names a checkpoint may use; nothing was run (at 'v')",
            Assert.Throws<CheckpointException>(() => TorchFile.Open(folder.File("among.pt"))).Message,
            StringComparison.Ordinal);
        Assert.Contains($"asks for '{name}'", Assert.Throws<CheckpointException>(() => TorchFile.Open(folder.File("beside.pt"), "best")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("U\u0003ema}}U\u0001nTsU\u0005model}}U\u0004markTs", "model", "")]
    [InlineData("U\u0004stepTU\u0003ema}}U\u0004markTsU\u0005model}}U\u0004markTs", "ema", "model")]
    [InlineData("U\u0004markTU\u0003ema}}U\u0004markTs", "", "")]
    [InlineData("U\u0003ema}}U\u0001nTsU\u0005model}}U\u0001wTs", "ema", "")]
    public void A_part_without_what_is_looked_for_is_passed_over_for_one_that_has_it(string pairs, string chosen, string others)
    {
        using var folder = new TempFolder();
        const string tensor = "ctorch._utils\n_rebuild_tensor\n((U\u0007storagectorch\nFloatStorage\nU\u00010U\u0003cpuK\u0002tQK\0K\u0002\u0085K\u0001\u0085tR";
        Zip(folder.File("w.pt"), $"\u0080\u0002}}({pairs.Replace("}}", "}", StringComparison.Ordinal).Replace("T", tensor, StringComparison.Ordinal)}u.", [1.5f, -2f]);
        using var file = (TorchFile)TensorFiles.Open(folder.File("w.pt"), null, name => name == "mark");
        Assert.Equal((chosen, others), (file.Entry, string.Join(' ', file.Others)));
    }

    [Fact]
    public void Contiguous_tensors_are_views_and_share_storage()
    {
        using var file = TorchFile.Open(RepositoryFiles.Data("torch", "strides.pt"));
        var whole = file.Bytes("whole");
        Assert.True(whole.Overlaps(file.Bytes("row"), out var offset));
        Assert.Equal(2 * 6 * sizeof(float), offset);
        Assert.False(whole.Overlaps(file.Bytes("transposed")));
    }

    [Fact]
    public void A_disposed_file_is_not_read()
    {
        var file = TorchFile.Open(RepositoryFiles.Data("torch", "strides.pt"));
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Bytes("whole").Length);
        Assert.Throws<ObjectDisposedException>(() => file.CopyTo("transposed", new float[24]));
    }

    private static void Zip(string path, string pickle, float[] storage)
    {
        using var zip = ZipFile.Open(path, ZipArchiveMode.Create);
        void Add(string name, ReadOnlySpan<byte> bytes)
        {
            using var entry = zip.CreateEntry("archive/" + name, CompressionLevel.NoCompression).Open();
            entry.Write(bytes);
        }

        Add("data.pkl", Encoding.Latin1.GetBytes(pickle));
        Add("data/0", MemoryMarshal.AsBytes(storage.AsSpan()));
        Add("version", "3\n"u8);
    }

    private static TensorDType DType(string torch) => torch switch
    {
        "float32" => TensorDType.F32,
        "float16" => TensorDType.F16,
        "bfloat16" => TensorDType.BF16,
        "float64" => TensorDType.F64,
        "int64" => TensorDType.I64,
        "int32" => TensorDType.I32,
        "int16" => TensorDType.I16,
        "int8" => TensorDType.I8,
        "uint8" => TensorDType.U8,
        "bool" => TensorDType.Bool,
        _ => throw new ArgumentException(torch),
    };
}
