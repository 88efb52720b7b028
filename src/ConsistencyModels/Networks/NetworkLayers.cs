namespace ConsistencyModels.Networks;

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
