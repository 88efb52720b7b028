using System.Buffers.Binary;
using System.Text.Json;
using ConsistencyModels.Checkpoints;

namespace ConsistencyModels.Golden.Tests;

/// <summary>One recorded case: its JSON, and the tensors of the safetensors file with the same base name, if there is one.</summary>
public sealed class GoldenCase : IDisposable
{
    private readonly string _tensorFile;
    private SafetensorsFile? _tensors;

    public GoldenCase(string path)
    {
        FilePath = path;
        _tensorFile = Path.ChangeExtension(path, ".safetensors");
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        Json = document.RootElement.Clone();
    }

    /// <summary>The JSON file.</summary>
    public string FilePath { get; }

    /// <summary>The folder it lies in: weights and configurations of a case lie beside it.</summary>
    public string Folder => Path.GetDirectoryName(FilePath)!;

    /// <summary>The root of all cases: some refer to others' folders.</summary>
    public string Root => GoldenFolder.Root;

    public JsonElement Json { get; }

    public string Kind => Json.GetProperty("kind").GetString()!;

    /// <summary>The tensors; the file must exist.</summary>
    public ITensorSource Tensors => _tensors ??= SafetensorsFile.Open(_tensorFile);

    public bool Has(string tensor) => File.Exists(_tensorFile) && Tensors.Tensors.ContainsKey(tensor);

    public int[] Shape(string tensor) => [.. Tensors.Tensors[tensor].Shape.Select(size => checked((int)size))];

    /// <summary>A tensor as float32 in C order; float16 is widened.</summary>
    public float[] Floats(string tensor)
    {
        var values = new float[Tensors.Tensors[tensor].ElementCount];
        Tensors.CopyTo(tensor, values);
        return values;
    }

    /// <summary>An int64 tensor in C order.</summary>
    public long[] Longs(string tensor)
    {
        Assert.Equal(TensorDType.I64, Tensors.Tensors[tensor].DType);
        var bytes = Tensors.Bytes(tensor);
        var values = new long[bytes.Length / sizeof(long)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = BinaryPrimitives.ReadInt64LittleEndian(bytes[(i * sizeof(long))..]);
        }

        return values;
    }

    public void Dispose() => _tensors?.Dispose();
}
