using ConsistencyModels.Checkpoints;
using ConsistencyModels.Noise;
using ConsistencyModels.Tests.Cpu;

namespace ConsistencyModels.Evaluation.Tests.Extractors;

/// <summary>A batch of one: [C, H, W].</summary>
internal sealed record Volume(int Channels, int Height, int Width, float[] Values)
{
    public float At(int c, int y, int x) => Values[(((c * Height) + y) * Width) + x];
}

/// <summary>Layers written out as loops: what a graph is compared with.</summary>
internal static class PlainNetwork
{
    public static Volume Convolve(ITensorSource weights, string name, Volume x, int stride = 1, int padHeight = 0, int padWidth = 0, bool bias = false)
    {
        var shape = weights.Tensors[$"{name}.weight"].Shape;
        var (outputs, inputs, kernelHeight, kernelWidth) = ((int)shape[0], (int)shape[1], (int)shape[2], (int)shape[3]);
        Assert.Equal(inputs, x.Channels);
        var kernel = Read(weights, $"{name}.weight");
        var start = bias ? Read(weights, $"{name}.bias") : new float[outputs];
        var (height, width) = (Size(x.Height, kernelHeight, stride, padHeight), Size(x.Width, kernelWidth, stride, padWidth));
        var result = new float[outputs * height * width];
        Parallel.For(0, outputs, o =>
        {
            for (var y = 0; y < height; y++)
            {
                for (var column = 0; column < width; column++)
                {
                    var sum = (double)start[o];
                    for (var c = 0; c < inputs; c++)
                    {
                        for (var i = 0; i < kernelHeight; i++)
                        {
                            for (var j = 0; j < kernelWidth; j++)
                            {
                                var (row, place) = ((y * stride) + i - padHeight, (column * stride) + j - padWidth);
                                if (row >= 0 && row < x.Height && place >= 0 && place < x.Width)
                                {
                                    sum += x.At(c, row, place) * kernel[(((((o * inputs) + c) * kernelHeight) + i) * kernelWidth) + j];
                                }
                            }
                        }
                    }

                    result[(((o * height) + y) * width) + column] = (float)sum;
                }
            }
        });
        return new(outputs, height, width, result);
    }

    public static Volume Map(Volume x, Func<int, float, float> function) =>
        x with { Values = [.. x.Values.Select((value, i) => function(i / (x.Height * x.Width), value))] };

    /// <summary>The largest, or the mean of those that are inside, of windows.</summary>
    public static Volume Pool(Volume x, int size, int stride, int pad, bool largest)
    {
        var (height, width) = (Size(x.Height, size, stride, pad), Size(x.Width, size, stride, pad));
        var result = new List<float>();
        for (var c = 0; c < x.Channels; c++)
        {
            for (var y = 0; y < height; y++)
            {
                for (var column = 0; column < width; column++)
                {
                    var rows = Enumerable.Range((y * stride) - pad, size).Where(row => row >= 0 && row < x.Height).ToArray();
                    var places = Enumerable.Range((column * stride) - pad, size).Where(place => place >= 0 && place < x.Width).ToArray();
                    var inside = rows.SelectMany(row => places.Select(place => x.At(c, row, place)));
                    result.Add(largest ? inside.Max() : inside.Average());
                }
            }
        }

        return new(x.Channels, height, width, [.. result]);
    }

    public static Volume Join(params Volume[] parts) => new(parts.Sum(part => part.Channels), parts[0].Height, parts[0].Width, [.. parts.SelectMany(part => part.Values)]);

    public static float[] Linear(ITensorSource weights, string name, float[] x, bool bias)
    {
        var shape = weights.Tensors[$"{name}.weight"].Shape;
        var matrix = Read(weights, $"{name}.weight");
        var start = bias ? Read(weights, $"{name}.bias") : new float[shape[0]];
        return [.. Enumerable.Range(0, (int)shape[0]).Select(o => (float)(start[o] + x.Select((value, i) => (double)value * matrix[(o * x.Length) + i]).Sum()))];
    }

    public static float[] Read(ITensorSource weights, string name)
    {
        var values = new float[weights.Tensors[name].ElementCount];
        weights.CopyTo(name, values);
        return values;
    }

    /// <summary>Random weights of given shapes that keep the size of what passes through; variances are positive.</summary>
    public static MemoryTensors RandomWeights(IEnumerable<(string Name, IReadOnlyList<long> Shape)> tensors, ulong seed)
    {
        var generator = new TorchGenerator(seed);
        var weights = new MemoryTensors();
        foreach (var (name, shape) in tensors)
        {
            var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
            generator.Randn(values);
            var fan = shape.Skip(1).Aggregate(1L, (a, b) => a * b);
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = shape.Count > 1 ? values[i] * MathF.Sqrt(2f / fan)
                    : name.EndsWith("var", StringComparison.Ordinal) ? 0.5f + MathF.Abs(values[i])
                    : name.EndsWith("bn.weight", StringComparison.Ordinal) ? 1 + (0.1f * values[i])
                    : 0.1f * values[i];
            }

            weights.Add(name, values, [.. shape]);
        }

        return weights;
    }

    private static int Size(int from, int kernel, int stride, int pad) => ((from + (2 * pad) - kernel) / stride) + 1;
}
