using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Torch.Tests.Perceptual;

/// <summary>
/// LPIPS written out in double precision: torchvision's sequences module by module, cut where the published code cuts them, and the
/// published heads as they lie in third_party. Shares nothing with what it checks.
/// </summary>
internal sealed class LpipsReference
{
    private readonly ITensorSource _file;
    private readonly bool _average;
    private readonly Func<Map, Map>[] _modules;
    private readonly int[] _cuts;
    private readonly double[][] _heads;

    public LpipsReference(PerceptualBackbone backbone, ITensorSource file, bool average = false)
    {
        _file = file;
        _average = average;
        (_modules, _cuts, var heads) = backbone switch
        {
            PerceptualBackbone.Vgg16 => (Vgg(), new[] { 4, 9, 16, 23, 30 }, "vgg"),
            PerceptualBackbone.Alex => (Alex(), [2, 5, 8, 10, 12], "alex"),
            _ => (Squeeze(), [2, 5, 8, 10, 11, 12, 13], "squeeze"),
        };
        using var published = TorchFile.Open(RepositoryFiles.Path("third_party", "lpips", heads + ".pth"));
        _heads = [.. Enumerable.Range(0, _cuts.Length).Select(i => Array.ConvertAll(Values(published, $"lin{i}.model.1.weight"), value => (double)value))];
    }

    /// <summary>The distance of two images [3, height, width] in [-1, 1].</summary>
    public double Distance(ReadOnlySpan<double> a, ReadOnlySpan<double> b, int height, int width) => Distance(Features(a, height, width), Features(b, height, width));

    /// <summary>The features of an image, of length 1 in every pixel.</summary>
    public List<Map> Features(ReadOnlySpan<double> image, int height, int width)
    {
        double[] shift = [-.030, -.088, -.188], scale = [.458, .448, .450];
        var x = new Map(3, height, width);
        for (var i = 0; i < x.Values.Length; i++)
        {
            var c = i / (height * width);
            x.Values[i] = (image[i] - shift[c]) / scale[c];
        }

        List<Map> features = [];
        for (var i = 0; i < _cuts[^1]; i++)
        {
            x = _modules[i](x);
            if (_cuts.Contains(i + 1))
            {
                features.Add(UnitLength(x));
            }
        }

        return features;
    }

    public double Distance(List<Map> a, List<Map> b)
    {
        var sum = 0.0;
        for (var k = 0; k < _heads.Length; k++)
        {
            var pixels = a[k].Height * a[k].Width;
            for (var i = 0; i < a[k].Values.Length; i++)
            {
                var difference = a[k].Values[i] - b[k].Values[i];
                sum += difference * difference * _heads[k][i / pixels] / pixels;
            }
        }

        return sum;
    }

    private Func<Map, Map>[] Vgg()
    {
        List<Func<Map, Map>> modules = [];
        foreach (var word in "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M".Split(' '))
        {
            modules.AddRange(word == "M" ? [Pool(2, ceiling: false)] : [Convolve($"features.{modules.Count}", 1, 1), Relu]);
        }

        return [.. modules];
    }

    private Func<Map, Map>[] Alex() =>
    [
        Convolve("features.0", 4, 2), Relu, Pool(3, false),
        Convolve("features.3", 1, 2), Relu, Pool(3, false),
        Convolve("features.6", 1, 1), Relu,
        Convolve("features.8", 1, 1), Relu,
        Convolve("features.10", 1, 1), Relu, Pool(3, false),
    ];

    private Func<Map, Map>[] Squeeze() =>
    [
        Convolve("features.0", 2, 0), Relu, Pool(3, true),
        Fire(3), Fire(4), Pool(3, true),
        Fire(6), Fire(7), Pool(3, true),
        Fire(9), Fire(10), Fire(11), Fire(12),
    ];

    private Func<Map, Map> Fire(int place)
    {
        var squeeze = Convolve($"features.{place}.squeeze", 1, 0);
        var one = Convolve($"features.{place}.expand1x1", 1, 0);
        var three = Convolve($"features.{place}.expand3x3", 1, 1);
        return x =>
        {
            var few = Relu(squeeze(x));
            var (left, right) = (Relu(one(few)), Relu(three(few)));
            return new Map(left.Channels + right.Channels, left.Height, left.Width, [.. left.Values, .. right.Values]);
        };
    }

    private Func<Map, Map> Convolve(string name, int stride, int padding)
    {
        var shape = _file.Tensors[name + ".weight"].Shape;
        var (outputs, inputs, kernel) = ((int)shape[0], (int)shape[1], (int)shape[2]);
        var (weight, bias) = (Values(_file, name + ".weight"), Values(_file, name + ".bias"));
        return x =>
        {
            Assert.Equal(inputs, x.Channels);
            var y = new Map(outputs, ((x.Height + (2 * padding) - kernel) / stride) + 1, ((x.Width + (2 * padding) - kernel) / stride) + 1);
            for (var o = 0; o < outputs; o++)
            {
                var plane = y.Plane(o);
                plane.Fill(bias[o]);
                for (var i = 0; i < inputs; i++)
                {
                    for (var k = 0; k < kernel * kernel; k++)
                    {
                        AddShifted(x, i, plane, y, weight[(((o * inputs) + i) * kernel * kernel) + k], (k / kernel) - padding, (k % kernel) - padding, stride);
                    }
                }
            }

            return y;
        };
    }

    private static void AddShifted(Map x, int channel, Span<double> plane, Map y, double factor, int down, int across, int stride)
    {
        var source = x.Plane(channel);
        for (var row = 0; row < y.Height; row++)
        {
            var from = (row * stride) + down;
            if (from < 0 || from >= x.Height)
            {
                continue;
            }

            for (var column = 0; column < y.Width; column++)
            {
                var at = (column * stride) + across;
                if (at >= 0 && at < x.Width)
                {
                    plane[(row * y.Width) + column] += factor * source[(from * x.Width) + at];
                }
            }
        }
    }

    private Func<Map, Map> Pool(int kernel, bool ceiling) => x =>
    {
        int Count(int size) => _average ? size / 2 : ceiling ? (int)Math.Ceiling((size - kernel) / 2.0) + 1 : ((size - kernel) / 2) + 1;
        var y = new Map(x.Channels, Count(x.Height), Count(x.Width));
        for (var i = 0; i < y.Values.Length; i++)
        {
            var (channel, row, column) = (i / (y.Height * y.Width), i / y.Width % y.Height * 2, i % y.Width * 2);
            List<double> window = [];
            for (var k = 0; k < kernel * kernel; k++)
            {
                if (row + (k / kernel) < x.Height && column + (k % kernel) < x.Width)
                {
                    window.Add(x.Plane(channel)[((row + (k / kernel)) * x.Width) + column + (k % kernel)]);
                }
            }

            y.Values[i] = _average ? window.Average() : window.Max();
        }

        return y;
    };

    private static Map Relu(Map x) => x with { Values = Array.ConvertAll(x.Values, value => Math.Max(value, 0)) };

    private static Map UnitLength(Map x)
    {
        var y = new Map(x.Channels, x.Height, x.Width);
        for (var pixel = 0; pixel < x.Height * x.Width; pixel++)
        {
            var squares = 0.0;
            for (var c = 0; c < x.Channels; c++)
            {
                squares += Math.Pow(x.Plane(c)[pixel], 2);
            }

            for (var c = 0; c < x.Channels; c++)
            {
                y.Plane(c)[pixel] = x.Plane(c)[pixel] / (Math.Sqrt(squares) + 1e-10);
            }
        }

        return y;
    }

    private static float[] Values(ITensorSource source, string name)
    {
        var values = new float[source.Tensors[name].ElementCount];
        source.CopyTo(name, values);
        return values;
    }

    /// <summary>Channels of a picture.</summary>
    internal sealed record Map(int Channels, int Height, int Width, double[] Values)
    {
        public Map(int channels, int height, int width)
            : this(channels, height, width, new double[channels * height * width])
        {
        }

        public Span<double> Plane(int channel) => Values.AsSpan(channel * Height * Width, Height * Width);
    }
}
