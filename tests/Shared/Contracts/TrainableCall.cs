using ConsistencyModels.Networks;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Testing;

/// <summary>What a trainable network is given in one call, every image with a level and a label of its own, and a direction of its output.</summary>
internal sealed class TrainableCall
{
    public TrainableCall(UNet2DConfig config, int batch, ulong seed = 0)
    {
        var size = config.SampleSize!.Value;
        Shape = new(batch, config.InChannels, size.Height, size.Width);
        Sample = new float[Shape.Length];
        var generator = new TorchGenerator(seed + 100);
        generator.Randn(Sample);
        var fourier = config.TimeEmbeddingType == "fourier";
        Timesteps = [.. Enumerable.Range(0, batch).Select(i => fourier ? 0.5f + (0.7f * (i % 7)) : 20 + (170f * (i % 6)))];
        Labels = config.NumClassEmbeds is { } classes ? [.. Enumerable.Range(0, batch).Select(i => (i + 1) % classes)] : [];
        Direction = new float[(Shape with { Channels = config.OutChannels }).Length];
        generator.Randn(Direction);
    }

    public ImageShape Shape { get; }

    public float[] Sample { get; set; }

    public float[] Timesteps { get; set; }

    public int[] Labels { get; set; }

    /// <summary>What was done to each image; none for a network that is not told.</summary>
    public float[] AugmentLabels { get; set; } = [];

    /// <summary>dLoss/dOutput of the loss that is the sum of output times this.</summary>
    public float[] Direction { get; set; }

    public UNetInput Input => new(Sample, Shape, Timesteps, Labels) { AugmentLabels = AugmentLabels };

    /// <summary>Forward and backward.</summary>
    /// <returns>The output.</returns>
    public float[] Learn(ITrainableUNet network, long seed = 1, float scale = 1)
    {
        var output = new float[Direction.Length];
        using var pass = network.Forward(Input, seed, output);
        pass.Backward(Array.ConvertAll(Direction, value => scale * value));
        return output;
    }

    /// <summary>Forward and backward as far as the sample.</summary>
    public void Learn(ITrainableUNet network, float[] sampleGradient)
    {
        using var pass = network.Forward(new(Sample, Shape, Timesteps, Labels) { AugmentLabels = AugmentLabels, WantsGradient = true }, 1, new float[Direction.Length]);
        pass.Backward(Direction, sampleGradient);
    }

    /// <summary>The output on the parameters of a buffer.</summary>
    public float[] Evaluate(ITrainableUNet network, IParameterBuffer parameters, long? seed)
    {
        var output = new float[Direction.Length];
        network.Evaluate(parameters, Input, seed, output);
        return output;
    }

    /// <summary>The loss of an output.</summary>
    public double Loss(float[] output) => output.Zip(Direction, (value, direction) => (double)value * direction).Sum();
}
