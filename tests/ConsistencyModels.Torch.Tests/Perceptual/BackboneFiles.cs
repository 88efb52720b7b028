using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Torch.Tests.Perceptual;

/// <summary>Files with torchvision's names and shapes and drawn values, each written once.</summary>
public sealed class BackboneFiles : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Dictionary<PerceptualBackbone, string> _written = [];

    /// <summary>Every tensor up to the last feature, written out as torchvision's files list them.</summary>
    public static IReadOnlyList<(string Name, long[] Shape)> Tensors(PerceptualBackbone backbone)
    {
        List<(string, long[])> tensors = [];
        void Convolution(string name, int inputs, int outputs, int kernel)
        {
            tensors.Add((name + ".weight", [outputs, inputs, kernel, kernel]));
            tensors.Add((name + ".bias", [outputs]));
        }

        switch (backbone)
        {
            case PerceptualBackbone.Vgg16:
                int[] places = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28];
                int[] channels = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512];
                for (var i = 0; i < places.Length; i++)
                {
                    Convolution($"features.{places[i]}", channels[i], channels[i + 1], 3);
                }

                break;
            case PerceptualBackbone.Alex:
                Convolution("features.0", 3, 64, 11);
                Convolution("features.3", 64, 192, 5);
                Convolution("features.6", 192, 384, 3);
                Convolution("features.8", 384, 256, 3);
                Convolution("features.10", 256, 256, 3);
                break;
            default:
                Convolution("features.0", 3, 64, 3);
                foreach (var (place, inputs, few, many) in ((int, int, int, int)[])
                    [(3, 64, 16, 64), (4, 128, 16, 64), (6, 128, 32, 128), (7, 256, 32, 128), (9, 256, 48, 192), (10, 384, 48, 192), (11, 384, 64, 256), (12, 512, 64, 256)])
                {
                    Convolution($"features.{place}.squeeze", inputs, few, 1);
                    Convolution($"features.{place}.expand1x1", few, many, 1);
                    Convolution($"features.{place}.expand3x3", few, many, 3);
                }

                break;
        }

        return tensors;
    }

    /// <summary>The path of a backbone's file, with a classifier that nobody needs.</summary>
    public string this[PerceptualBackbone backbone]
    {
        get
        {
            lock (_written)
            {
                if (!_written.TryGetValue(backbone, out var path))
                {
                    path = _folder.File($"{backbone}.pth");
                    TorchFileWriter.Write(path, [.. Drawn(Tensors(backbone)), TensorToWrite.FromFloats("classifier.1.weight", [2, 3], new float[6])]);
                    _written.Add(backbone, path);
                }

                return path;
            }
        }
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Values under which every layer passes on about as much as it gets.</summary>
    internal static IEnumerable<TensorToWrite> Drawn(IEnumerable<(string Name, long[] Shape)> tensors)
    {
        var random = new Random(7);
        foreach (var (name, shape) in tensors)
        {
            var deviation = shape.Length == 1 ? 0.1 : Math.Sqrt(2.0 / (shape[1] * shape[2] * shape[3]));
            var values = new float[shape.Aggregate(1L, (product, side) => product * side)];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = (float)(deviation * Math.Sqrt(3) * ((2 * random.NextDouble()) - 1));
            }

            yield return TensorToWrite.FromFloats(name, shape, values);
        }
    }
}
