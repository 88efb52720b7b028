using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Testing;

/// <summary>
/// Carries out a network's operations as they are defined, in double precision and with nothing fused: what every engine is
/// compared with. Images are [N, C, H, W], vectors [N, C].
/// </summary>
internal sealed class ReferenceNetwork : INetworkReader<double[]>
{
    private readonly ITensorSource _weights;
    private readonly int _batch;
    private readonly ImageSize _size;

    private ReferenceNetwork(ITensorSource weights, int batch, ImageSize size) => (_weights, _batch, _size) = (weights, batch, size);

    /// <summary>One forward pass; <paramref name="timesteps"/> has one value, or one for each image.</summary>
    public static float[] Forward(UNet2DConfig config, ITensorSource weights, float[] sample, ImageShape shape, float[] timesteps, int[] labels)
    {
        var network = UNet2DDescription.Of(config);
        var reader = new ReferenceNetwork(weights, shape.Batch, new ImageSize(shape.Height, shape.Width));
        var times = Enumerable.Range(0, shape.Batch).Select(i => (double)timesteps[timesteps.Length == 1 ? 0 : i]).ToArray();
        var output = network.Read(reader, Doubles(sample), times, [.. labels.Select(label => (double)label)]);
        return [.. output.Select(value => (float)value)];
    }

    public double[] TimeEmbedding(TimeEmbeddingOperation operation, double[] timesteps)
    {
        double[] Features(double t)
        {
            double[] phases = operation.Fourier is { } fourier
                ? [.. Floats(fourier.Weight).Select(frequency => Math.Log(t) * frequency * 2 * Math.PI)]
                : [.. operation.Frequencies.Select(frequency => (double)((float)t * frequency))]; // float32 in the reference: it shows at large t
            var (sines, cosines) = (phases.Select(Math.Sin), phases.Select(Math.Cos));
            double[] features = operation.CosinesFirst ? [.. cosines, .. sines] : [.. sines, .. cosines];
            return [.. features, .. new double[operation.First.Inputs - features.Length]];
        }

        var hidden = Linear(operation.First, [.. timesteps.SelectMany(Features)]).Select(SiLU);
        return Linear(operation.Second, [.. hidden]);
    }

    public double[] ClassEmbedding(ClassEmbeddingOperation operation, double[] embedding, double[] labels)
    {
        var (table, width) = (Floats(operation.Table.Weight), operation.Table.Width);
        return [.. embedding.Select((value, i) => value + table[((int)labels[i / width] * width) + (i % width)])];
    }

    public double[] TimeActivation(TimeActivationOperation operation, double[] embedding) => [.. embedding.Select(SiLU)];

    public double[] InputConvolution(InputConvolutionOperation operation, double[] sample) =>
        Convolution(operation.Convolution, operation.CentersSample ? [.. sample.Select(x => (2 * x) - 1)] : sample, _size);

    public double[] Resnet(ResnetOperation operation, double[] image, double[] time)
    {
        var (before, after) = (operation.Inputs[0].SizeFor(_size), operation.Output.SizeFor(_size));
        double[] Resampled(double[] x) => operation.Resampling switch
        {
            Resampling.Down => Halved(x, before),
            Resampling.Up => Doubled(x, before),
            _ => x,
        };

        var hidden = Convolution(operation.Conv1, Resampled([.. Norm(operation.Norm1, image, before).Select(SiLU)]), after);
        var columns = Linear(operation.Time, time);
        var (channels, pixels) = (operation.Output.Channels, after.Height * after.Width);

        // Channel i of the whole batch, and the column of an image's projection that belongs to it.
        double Column(int place, int offset) =>
            columns[(place / pixels / channels * operation.Time.Outputs) + offset + (place / pixels % channels)];
        if (operation.Conditioning == TimeConditioning.ScaleAndShift)
        {
            hidden = [.. Norm(operation.Norm2, hidden, after).Select((x, i) => (x * (1 + Column(i, 0))) + Column(i, channels))];
        }
        else
        {
            hidden = Norm(operation.Norm2, [.. hidden.Select((x, i) => x + Column(i, 0))], after);
        }

        hidden = Convolution(operation.Conv2, [.. hidden.Select(SiLU)], after);
        var skip = Resampled(image);
        skip = operation.Shortcut is { } shortcut ? Convolution(shortcut, skip, after) : skip;
        return [.. skip.Zip(hidden, (a, b) => (a + b) / operation.OutputScale)];
    }

    public double[] Attention(AttentionOperation operation, double[] image)
    {
        var size = operation.Output.SizeFor(_size);
        var (tokens, channels, dim, inner) = (size.Height * size.Width, operation.Output.Channels, operation.HeadDim, operation.InnerDim);
        var normed = Transposed(operation.Norm is { } norm ? Norm(norm, image, size) : image, channels, tokens);
        var (queries, keys, values) = (Linear(operation.Query, normed), Linear(operation.Key, normed), Linear(operation.Value, normed));
        var attended = new double[queries.Length];
        for (var row = 0; row < _batch * tokens; row++)
        {
            var first = row / tokens * tokens;
            for (var head = 0; head < operation.Heads; head++)
            {
                var start = head * dim;
                double Score(int key) =>
                    Enumerable.Range(start, dim).Sum(d => queries[(row * inner) + d] * keys[((first + key) * inner) + d]) / Math.Sqrt(dim);
                double[] scores = [.. Enumerable.Range(0, tokens).Select(Score)];
                var largest = scores.Max();
                double[] shares = [.. scores.Select(score => Math.Exp(score - largest))];
                for (var d = start; d < start + dim; d++)
                {
                    attended[(row * inner) + d] = shares.Select((share, key) => share * values[((first + key) * inner) + d]).Sum() / shares.Sum();
                }
            }
        }

        var result = Transposed(Linear(operation.Out, attended), tokens, channels);
        return [.. image.Zip(result, (a, b) => (a + b) / operation.OutputScale)];
    }

    public double[] Resample(ResampleOperation operation, double[] image)
    {
        var size = operation.Inputs[0].SizeFor(_size);
        return operation.Resampling == Resampling.Up
            ? Convolution(operation.Convolution, Doubled(image, size), operation.Output.SizeFor(_size))
            : Convolution(operation.Convolution, image, size);
    }

    public double[] Concat(ConcatOperation operation, double[] image, double[] skip)
    {
        var (a, b) = (image.Length / _batch, skip.Length / _batch);
        return [.. Enumerable.Range(0, _batch).SelectMany(i => image.Skip(i * a).Take(a).Concat(skip.Skip(i * b).Take(b)))];
    }

    public double[] Output(OutputOperation operation, double[] image, double[] timesteps)
    {
        var output = Convolution(operation.Convolution, [.. Norm(operation.Norm, image, _size).Select(SiLU)], _size);
        var length = output.Length / _batch;
        return operation.DividesByTimestep ? [.. output.Select((x, i) => x / timesteps[i / length])] : output;
    }

    private static double[] Doubles(float[] values) => [.. values.Select(value => (double)value)];

    private static double SiLU(double x) => x / (1 + Math.Exp(-x));

    private float[] Floats(string parameter)
    {
        var values = new float[_weights.Tensors[parameter].ElementCount];
        _weights.CopyTo(parameter, values);
        return values;
    }

    private double[] Linear(LinearLayer layer, double[] x)
    {
        var (weight, bias) = (Floats(layer.Weight), Floats(layer.Bias));
        var result = new double[x.Length / layer.Inputs * layer.Outputs];
        for (var i = 0; i < result.Length; i++)
        {
            var (row, o) = Math.DivRem(i, layer.Outputs);
            double sum = bias[o];
            for (var k = 0; k < layer.Inputs; k++)
            {
                sum += x[(row * layer.Inputs) + k] * weight[(o * layer.Inputs) + k];
            }

            result[i] = sum;
        }

        return result;
    }

    private double[] Convolution(ConvolutionLayer layer, double[] x, ImageSize size)
    {
        var (weight, bias) = (Floats(layer.Weight), Floats(layer.Bias));
        var (height, width, k) = (size.Height / layer.Stride, size.Width / layer.Stride, layer.KernelSize);
        var before = layer.Padding == ConvolutionPadding.Around ? 1 : 0;
        var result = new double[_batch * layer.OutChannels * height * width];
        for (var i = 0; i < result.Length; i++)
        {
            var (rest, column) = Math.DivRem(i, width);
            (rest, var row) = Math.DivRem(rest, height);
            (var image, var o) = Math.DivRem(rest, layer.OutChannels);
            double sum = bias[o];
            for (var tap = 0; tap < k * k; tap++)
            {
                var y = (row * layer.Stride) - before + (tap / k);
                var z = (column * layer.Stride) - before + (tap % k);
                for (var c = 0; c < layer.InChannels && y >= 0 && y < size.Height && z >= 0 && z < size.Width; c++)
                {
                    sum += x[((((image * layer.InChannels) + c) * size.Height) + y) * size.Width + z] * weight[(((o * layer.InChannels) + c) * k * k) + tap];
                }
            }

            result[i] = sum;
        }

        return result;
    }

    private double[] Norm(NormLayer layer, double[] x, ImageSize size)
    {
        var (weight, bias) = (Floats(layer.Weight), Floats(layer.Bias));
        var pixels = size.Height * size.Width;
        var length = layer.Channels / layer.Groups * pixels;
        var result = new double[x.Length];
        for (var start = 0; start < x.Length; start += length)
        {
            var group = x.AsSpan(start, length).ToArray();
            var mean = group.Average();
            var deviation = Math.Sqrt(group.Average(value => (value - mean) * (value - mean)) + layer.Epsilon);
            for (var i = start; i < start + length; i++)
            {
                var channel = i / pixels % layer.Channels;
                result[i] = ((x[i] - mean) / deviation * weight[channel]) + bias[channel];
            }
        }

        return result;
    }

    // [N, a, b] to [N, b, a].
    private double[] Transposed(double[] x, int a, int b) =>
        [.. Enumerable.Range(0, x.Length).Select(i => x[(i / (a * b) * a * b) + (i % a * b) + (i % (a * b) / a)])];

    private static double[] Doubled(double[] x, ImageSize size) => [.. Enumerable.Range(0, 4 * x.Length).Select(i =>
    {
        var (rest, column) = Math.DivRem(i, 2 * size.Width);
        var (plane, row) = Math.DivRem(rest, 2 * size.Height);
        return x[(((plane * size.Height) + (row / 2)) * size.Width) + (column / 2)];
    })];

    private static double[] Halved(double[] x, ImageSize size) => [.. Enumerable.Range(0, x.Length / 4).Select(i =>
    {
        var (rest, column) = Math.DivRem(i, size.Width / 2);
        var (plane, row) = Math.DivRem(rest, size.Height / 2);
        var at = (((plane * size.Height) + (2 * row)) * size.Width) + (2 * column);
        return (x[at] + x[at + 1] + x[at + size.Width] + x[at + size.Width + 1]) / 4;
    })];
}
