using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;
using ConsistencyModels.Networks;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Perceptual;

/// <summary>The tensors of LPIPS: a backbone's from a file of the user's, and the linear heads that this package carries.</summary>
internal sealed class LpipsWeights : IDisposable
{
    private const int IdentityBytes = 8;

    private readonly Dictionary<string, Tensor> _backbone = new(StringComparer.Ordinal);
    private readonly List<Tensor> _heads = [];

    private LpipsWeights()
    {
    }

    /// <summary>A hash of every value in use.</summary>
    public string Identity { get; private set; } = "";

    /// <summary>A backbone's tensor by its name in the file.</summary>
    public Tensor this[string name] => _backbone[name];

    /// <summary>The weights [1, C, 1, 1] of each feature.</summary>
    public IReadOnlyList<Tensor> Heads => _heads;

    /// <summary>Reads them.</summary>
    /// <exception cref="ConsistencyModelsException">The file is not there, is damaged, or is not the backbone's.</exception>
    public static LpipsWeights Load(PerceptualBackbone backbone, string path, Device device)
    {
        var description = Backbone.Of(backbone);
        var expected = description.Convolutions.SelectMany(Parameters).ToList();
        using var file = Open(path, backbone, description);
        Check(file, expected, backbone, description);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var weights = new LpipsWeights();
        try
        {
            foreach (var (name, shape) in expected)
            {
                var values = new float[file.Tensors[name].ElementCount];
                file.CopyTo(name, values);
                file.Release(name);
                weights._backbone.Add(name, Keep(values, shape, device, hash));
            }

            foreach (var values in ReadHeads(description))
            {
                weights._heads.Add(Keep(values, [1, values.Length, 1, 1], device, hash));
            }

            weights.Identity = "sha256:" + Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, IdentityBytes));
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>The linear heads of a backbone, one array per feature.</summary>
    public static IEnumerable<float[]> ReadHeads(Backbone description)
    {
        using var stream = typeof(LpipsWeights).Assembly.GetManifestResourceStream($"lpips/{description.Heads}")
            ?? throw new InvalidOperationException($"The heads of {description.Name} are not in the assembly.");
        foreach (var channels in description.FeatureChannels)
        {
            var values = new float[channels];
            stream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
            yield return values;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _backbone.Values.Concat(_heads))
        {
            tensor.Dispose();
        }
    }

    private static IEnumerable<(string Name, IReadOnlyList<long> Shape)> Parameters(BackboneLayer.Convolution layer) =>
    [
        (layer.Name + ".weight", [layer.Outputs, layer.Inputs, layer.Kernel, layer.Kernel]),
        (layer.Name + ".bias", [layer.Outputs]),
    ];

    private static ITensorSource Open(string path, PerceptualBackbone backbone, Backbone description) => File.Exists(path)
        ? TensorFiles.Open(path)
        : throw new CheckpointException($"{path}: there is no such file; expected the weights of {description.Name}, torchvision's {backbone.TorchvisionFile()} for example");

    // A file for classifying has a classifier too.
    private static void Check(ITensorSource file, List<(string Name, IReadOnlyList<long> Shape)> expected, PerceptualBackbone backbone, Backbone description)
    {
        try
        {
            StrictTensors.Check(file, expected, isOther: name => name.StartsWith("classifier.", StringComparison.Ordinal));
        }
        catch (CheckpointException e)
        {
            throw new CheckpointException($"{e.Message}; expected {description.Name} as in torchvision's {backbone.TorchvisionFile()}", e);
        }
    }

    // It outlives whatever scope the caller is in.
    private static Tensor Keep(float[] values, IReadOnlyList<long> shape, Device device, IncrementalHash hash)
    {
        hash.AppendData(MemoryMarshal.AsBytes(values.AsSpan()));
        using var scope = NewDisposeScope();
        var tensor = TensorMemory.Of(values, [.. shape]).to(device);
        return tensor.DetachFromDisposeScope();
    }
}
