namespace ConsistencyModels.Networks;

/// <summary>
/// One operation of a network: what it reads, what it makes, and the layers whose parameters it uses. There are the ten kinds
/// of <see cref="INetworkReader{T}"/>.
/// </summary>
public abstract class NetworkOperation
{
    private protected NetworkOperation()
    {
    }

    /// <summary>diffusers' name of the module it is: <c>down_blocks.0.resnets.1</c>. A concatenation, which is not a module, has the name of what reads it.</summary>
    public required string Name { get; init; }

    /// <summary>The part of the network it belongs to.</summary>
    public NetworkSection Section { get; internal set; }

    /// <summary>The block of its section it belongs to, from 0 in the order of execution.</summary>
    public int Block { get; internal set; }

    /// <summary>What it reads, in the order of the parameters of its method in <see cref="INetworkReader{T}"/>.</summary>
    public required IReadOnlyList<NetworkValue> Inputs { get; init; }

    /// <summary>What it makes.</summary>
    public required NetworkValue Output { get; init; }

    /// <summary>Its layers in the order of diffusers' state dict; empty for an operation without parameters.</summary>
    public abstract IReadOnlyList<NetworkLayer> Layers { get; }
}

/// <summary>The parts of a network.</summary>
public enum NetworkSection
{
    /// <summary>Embeddings and the first convolution.</summary>
    Input,

    /// <summary>Blocks that end with half the size, but the last.</summary>
    Down,

    /// <summary>The coarsest block between down and up.</summary>
    Middle,

    /// <summary>Blocks that end with double the size, but the last; their residual blocks read skip connections.</summary>
    Up,

    /// <summary>The last normalization and convolution.</summary>
    Output,
}

/// <summary>
/// Something that an operation reads or makes: each is made once, by one operation or by the caller. Compared by reference.
/// </summary>
public sealed class NetworkValue
{
    internal NetworkValue(int id, NetworkValueKind kind, int channels, int halvings) =>
        (Id, Kind, Channels, Halvings) = (id, kind, channels, halvings);

    /// <summary>Its number among the values of its network, from 0.</summary>
    public int Id { get; }

    /// <summary>Whether it has pixels.</summary>
    public NetworkValueKind Kind { get; }

    /// <summary>Channels of an image, length of a vector.</summary>
    public int Channels { get; }

    /// <summary>How often its height and width are those of the sample halved; 0 for a vector.</summary>
    public int Halvings { get; }

    /// <summary>Its height and width; 1 x 1 for a vector.</summary>
    /// <param name="sample">Size of the network's input, in multiples of <see cref="UNet2DConfig.SpatialFactor"/>.</param>
    public ImageSize SizeFor(ImageSize sample) =>
        Kind == NetworkValueKind.Vector ? new ImageSize(1, 1) : new ImageSize(sample.Height >> Halvings, sample.Width >> Halvings);
}

/// <summary>The shapes of values.</summary>
public enum NetworkValueKind
{
    /// <summary>[N, Channels]: timesteps, class labels (both with one channel), augmentation labels and embeddings.</summary>
    Vector,

    /// <summary>[N, Channels, H, W].</summary>
    Image,
}

/// <summary>The frequencies of the sinusoids that timesteps are embedded with.</summary>
internal static class TimeFrequencies
{
    private const double LongestPeriod = 10_000;

    /// <summary>diffusers' <c>get_timestep_embedding</c>: e^(-i·ln 10000 / (half - shift)) for i from 0 to half - 1.</summary>
    /// <param name="channels">Features of the embedding; half of them, rounded down, are sines.</param>
    /// <param name="shift"><c>freq_shift</c>, below half the channels.</param>
    public static float[] Sinusoids(int channels, int shift)
    {
        var half = channels / 2;

        // The exponent is a float32 in the reference, and at large timesteps its last bit can be seen.
        var step = (float)(-Math.Log(LongestPeriod) / (half - shift));
        var frequencies = new float[half];
        for (var i = 0; i < half; i++)
        {
            frequencies[i] = MathF.Exp(i * step);
        }

        return frequencies;
    }
}

/// <summary>Timesteps [N] to their embedding: features, linear, SiLU, linear.</summary>
public sealed class TimeEmbeddingOperation : NetworkOperation
{
    /// <summary>How a timestep becomes features.</summary>
    public required TimeFeatures Features { get; init; }

    /// <summary>
    /// <see cref="TimeFeatures.Sinusoids"/>: what the timestep is multiplied with, half as many as <see cref="First"/> has inputs,
    /// rounded down; an odd feature more is 0. Otherwise empty.
    /// </summary>
    public required IReadOnlyList<float> Frequencies { get; init; }

    /// <summary>Whether the features begin with cosines; always false for <see cref="TimeFeatures.Fourier"/>.</summary>
    public required bool CosinesFirst { get; init; }

    /// <summary><see cref="TimeFeatures.Fourier"/>: what the timestep's logarithm is multiplied with, times 2π. Otherwise null.</summary>
    public required FrequencyLayer? Fourier { get; init; }

    /// <summary>From features to the embedding's width.</summary>
    public required LinearLayer First { get; init; }

    /// <summary>Of the embedding's width.</summary>
    public required LinearLayer Second { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<NetworkLayer> Layers => Fourier is null ? [First, Second] : [Fourier, First, Second];
}

/// <summary>How a timestep becomes features.</summary>
public enum TimeFeatures
{
    /// <summary>Sines and cosines of the timestep at fixed frequencies.</summary>
    Sinusoids,

    /// <summary>Sines and cosines of the timestep's logarithm at frequencies that are a parameter.</summary>
    Fourier,
}

/// <summary>Adds each image's class vector to its time embedding.</summary>
public sealed class ClassEmbeddingOperation : NetworkOperation
{
    /// <summary>A vector for each class.</summary>
    public required EmbeddingLayer Table { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<NetworkLayer> Layers => [Table];
}

/// <summary>
/// Adds to each image's time embedding what its augmentation labels are projected to. Only networks in training have it: labels of 0
/// add nothing, and that is how the trained network is drawn from.
/// </summary>
public sealed class AugmentEmbeddingOperation : NetworkOperation
{
    /// <summary>From the labels to the embedding's width.</summary>
    public required ProjectionLayer Projection { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<NetworkLayer> Layers => [Projection];
}

/// <summary>SiLU of the embedding. In diffusers every residual block begins its projection with it; here it is applied once.</summary>
public sealed class TimeActivationOperation : NetworkOperation
{
    /// <inheritdoc/>
    public override IReadOnlyList<NetworkLayer> Layers => [];
}

/// <summary>The first convolution.</summary>
public sealed class InputConvolutionOperation : NetworkOperation
{
    /// <summary>Whether the sample x is taken as 2x - 1; the zeros around it stay zeros.</summary>
    public required bool CentersSample { get; init; }

    /// <summary>The convolution.</summary>
    public required ConvolutionLayer Convolution { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<NetworkLayer> Layers => [Convolution];
}

/// <summary>
/// A residual block: norm1, SiLU, resampling, conv1, the time embedding, norm2, SiLU, dropout, conv2; plus the input, resampled
/// likewise; the sum divided by <see cref="OutputScale"/>.
/// </summary>
public sealed class ResnetOperation : NetworkOperation
{
    /// <summary>Resampling of both branches.</summary>
    public required Resampling Resampling { get; init; }

    /// <summary>What the time embedding does to the image.</summary>
    public required TimeConditioning Conditioning { get; init; }

    /// <summary>Probability of dropout while training, in [0, 1).</summary>
    public required double Dropout { get; init; }

    /// <summary>The sum of both branches is divided by this.</summary>
    public required double OutputScale { get; init; }

    /// <summary>Normalization of the input.</summary>
    public required NormLayer Norm1 { get; init; }

    /// <summary>3x3, from the channels in to the channels out.</summary>
    public required ConvolutionLayer Conv1 { get; init; }

    /// <summary>From the activated embedding to shifts, or to scales and then shifts, one for each channel out.</summary>
    public required LinearLayer Time { get; init; }

    /// <summary>Normalization of conv1's output.</summary>
    public required NormLayer Norm2 { get; init; }

    /// <summary>3x3, which ends the branch.</summary>
    public required ConvolutionLayer Conv2 { get; init; }

    /// <summary>1x1, which the input passes after its resampling; null where it has the channels of the output.</summary>
    public required ConvolutionLayer? Shortcut { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<NetworkLayer> Layers =>
        Shortcut is null ? [Norm1, Conv1, Time, Norm2, Conv2] : [Norm1, Conv1, Time, Norm2, Conv2, Shortcut];
}

/// <summary>How a size changes.</summary>
public enum Resampling
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>Halved: the mean of 2x2 pixels in a residual block, stride 2 in a convolution.</summary>
    Down,

    /// <summary>Doubled: each pixel four times.</summary>
    Up,
}

/// <summary>What the time embedding does to the image in a residual block.</summary>
public enum TimeConditioning
{
    /// <summary>It is added before norm2.</summary>
    Shift,

    /// <summary>It scales by 1 + s and shifts after norm2.</summary>
    ScaleAndShift,
}

/// <summary>Self-attention between the pixels of an image, plus the input; the sum divided by <see cref="OutputScale"/>.</summary>
public sealed class AttentionOperation : NetworkOperation
{
    /// <summary>Number of heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Channels of a head; scores are scaled by 1/√HeadDim.</summary>
    public required int HeadDim { get; init; }

    /// <summary>The sum with the input is divided by this.</summary>
    public required double OutputScale { get; init; }

    /// <summary>Normalization before the projections, or null for none.</summary>
    public required NormLayer? Norm { get; init; }

    /// <summary>Queries of all heads side by side.</summary>
    public required LinearLayer Query { get; init; }

    /// <summary>Keys of all heads side by side.</summary>
    public required LinearLayer Key { get; init; }

    /// <summary>Values of all heads side by side.</summary>
    public required LinearLayer Value { get; init; }

    /// <summary>From the heads' results back to the channels.</summary>
    public required LinearLayer Out { get; init; }

    /// <summary>Width of queries, keys and values: Heads·HeadDim.</summary>
    public int InnerDim => Heads * HeadDim;

    /// <inheritdoc/>
    public override IReadOnlyList<NetworkLayer> Layers => Norm is null ? [Query, Key, Value, Out] : [Norm, Query, Key, Value, Out];
}

/// <summary>A convolution that changes the size: of stride 2, or of the image with every pixel four times.</summary>
public sealed class ResampleOperation : NetworkOperation
{
    /// <summary>Down or Up.</summary>
    public required Resampling Resampling { get; init; }

    /// <summary>The convolution, of stride 2 on the way down.</summary>
    public required ConvolutionLayer Convolution { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<NetworkLayer> Layers => [Convolution];
}

/// <summary>The channels of an image and, behind them, those of a skip connection.</summary>
public sealed class ConcatOperation : NetworkOperation
{
    /// <inheritdoc/>
    public override IReadOnlyList<NetworkLayer> Layers => [];
}

/// <summary>The last layers: normalization, SiLU, convolution.</summary>
public sealed class OutputOperation : NetworkOperation
{
    /// <summary>Normalization.</summary>
    public required NormLayer Norm { get; init; }

    /// <summary>The convolution.</summary>
    public required ConvolutionLayer Convolution { get; init; }

    /// <summary>Whether each image is then divided by its timestep, as networks with <see cref="TimeFeatures.Fourier"/> are.</summary>
    public required bool DividesByTimestep { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<NetworkLayer> Layers => [Norm, Convolution];
}

/// <summary>A layer with parameters: what an operation of a network is made of.</summary>
/// <param name="Name">diffusers' name, the prefix of its parameters' names: <c>down_blocks.0.resnets.0.conv1</c>.</param>
public abstract record NetworkLayer(string Name)
{
    /// <summary>True for the last layer of a residual branch and of the network, which trainers start at zero.</summary>
    public bool EndsResidual { get; init; }

    /// <summary>The layer's name in files of earlier diffusers versions, where it had another; else null.</summary>
    public string? OldName { get; init; }

    /// <summary>Full name of its weight.</summary>
    public string Weight => $"{Name}.weight";

    /// <summary>Its parameters, in the order of diffusers' state dict.</summary>
    public abstract IReadOnlyList<ParameterDescription> Parameters { get; }

    /// <summary>A weight [outputs, ...] and a bias [outputs], as PyTorch starts them.</summary>
    private protected IReadOnlyList<ParameterDescription> WeightAndBias(params long[] shape)
    {
        var fanIn = 1;
        foreach (var size in shape.AsSpan(1))
        {
            fanIn = checked(fanIn * (int)size);
        }

        ParameterDescription Parameter(string part, long[] dimensions) => new(
            $"{Name}.{part}", dimensions, ParameterInitialization.UniformFanIn, fanIn, EndsResidual, OldName is null ? null : $"{OldName}.{part}");

        return [Parameter("weight", shape), Parameter("bias", [shape[0]])];
    }
}

/// <summary>A square convolution with bias: [N, InChannels, H, W] to [N, OutChannels, H/Stride, W/Stride].</summary>
/// <param name="Name">Prefix of its parameters' names.</param>
/// <param name="InChannels">Channels in.</param>
/// <param name="OutChannels">Channels out.</param>
/// <param name="KernelSize">3, or 1 without padding.</param>
/// <param name="Stride">1 or 2.</param>
/// <param name="Padding">Where zeros are put around the image.</param>
public sealed record ConvolutionLayer(
    string Name, int InChannels, int OutChannels, int KernelSize = 3, int Stride = 1, ConvolutionPadding Padding = ConvolutionPadding.Around)
    : NetworkLayer(Name)
{
    /// <summary>Full name of its bias.</summary>
    public string Bias => $"{Name}.bias";

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterDescription> Parameters => WeightAndBias(OutChannels, InChannels, KernelSize, KernelSize);
}

/// <summary>Where a convolution sees zeros beyond the image.</summary>
public enum ConvolutionPadding
{
    /// <summary>Nowhere: a 1x1 convolution.</summary>
    None,

    /// <summary>One row or column on each of the four sides.</summary>
    Around,

    /// <summary>One row below and one column to the right: diffusers' <c>downsample_padding</c> 0 at stride 2.</summary>
    FarEdges,
}

/// <summary>A linear layer with bias: [..., Inputs] to [..., Outputs].</summary>
/// <param name="Name">Prefix of its parameters' names.</param>
/// <param name="Inputs">Features in.</param>
/// <param name="Outputs">Features out.</param>
public sealed record LinearLayer(string Name, int Inputs, int Outputs) : NetworkLayer(Name)
{
    /// <summary>Full name of its bias.</summary>
    public string Bias => $"{Name}.bias";

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterDescription> Parameters => WeightAndBias(Outputs, Inputs);
}

/// <summary>A linear layer without bias that starts at zero: [..., Inputs] to [..., Outputs].</summary>
/// <param name="Name">Prefix of its parameter's name.</param>
/// <param name="Inputs">Features in.</param>
/// <param name="Outputs">Features out.</param>
public sealed record ProjectionLayer(string Name, int Inputs, int Outputs) : NetworkLayer(Name)
{
    /// <inheritdoc/>
    public override IReadOnlyList<ParameterDescription> Parameters => [new(Weight, (long[])[Outputs, Inputs], ParameterInitialization.Zero)];
}

/// <summary>Group normalization with a factor and a shift for each channel.</summary>
/// <param name="Name">Prefix of its parameters' names.</param>
/// <param name="Channels">Channels.</param>
/// <param name="Groups">Groups, a divisor of <paramref name="Channels"/>.</param>
/// <param name="Epsilon">Added to variances.</param>
public sealed record NormLayer(string Name, int Channels, int Groups, double Epsilon) : NetworkLayer(Name)
{
    /// <summary>Full name of its bias.</summary>
    public string Bias => $"{Name}.bias";

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterDescription> Parameters =>
        [new(Weight, (long[])[Channels], ParameterInitialization.One), new(Bias, (long[])[Channels], ParameterInitialization.Zero)];
}

/// <summary>A table of vectors: one for each class.</summary>
/// <param name="Name">Prefix of its parameter's name.</param>
/// <param name="Count">Number of vectors.</param>
/// <param name="Width">Their length.</param>
public sealed record EmbeddingLayer(string Name, int Count, int Width) : NetworkLayer(Name)
{
    /// <inheritdoc/>
    public override IReadOnlyList<ParameterDescription> Parameters => [new(Weight, (long[])[Count, Width], ParameterInitialization.Normal)];
}

/// <summary>The random frequencies of a Fourier time embedding. They are drawn once and never trained.</summary>
/// <param name="Name">Prefix of its parameter's name.</param>
/// <param name="Count">Number of frequencies.</param>
public sealed record FrequencyLayer(string Name, int Count) : NetworkLayer(Name)
{
    /// <inheritdoc/>
    public override IReadOnlyList<ParameterDescription> Parameters =>
        [new(Weight, (long[])[Count], ParameterInitialization.NormalTimes16, OldName: $"{Name}.W")];
}
