namespace ConsistencyModels.Networks;

/// <summary>Checks what is passed to <see cref="IUNet.Forward"/>; every engine calls it first.</summary>
public static class ForwardArguments
{
    /// <summary>Throws if a length, size or label of a network in training does not fit it.</summary>
    /// <exception cref="ArgumentException">Says what was found and expected.</exception>
    public static void ThrowIfInvalid(UNet2DDescription network, UNetInput input, int outputLength)
    {
        ArgumentNullException.ThrowIfNull(network);
        ThrowIfInvalid(network.Config, input.Sample.Length, input.Shape, input.Timesteps.Length, input.ClassLabels, outputLength);
        var expected = (network.AugmentLabels?.Channels ?? 0) * input.Shape.Batch;
        if (!input.AugmentLabels.IsEmpty && input.AugmentLabels.Length != expected)
        {
            throw new ArgumentException(
                $"There are {input.AugmentLabels.Length} augmentation labels for a batch of {input.Shape.Batch}; this network takes {expected}, or none.", nameof(input));
        }
    }

    /// <summary>Throws if there is no room for the gradient of a pass's sample, or the pass was made without one. An empty span asks for none.</summary>
    /// <param name="length">Length of the span that receives it.</param>
    /// <param name="expected">Length of the sample, or 0 where <see cref="UNetInput.WantsGradient"/> was false.</param>
    /// <exception cref="ArgumentException">The length is another.</exception>
    /// <exception cref="InvalidOperationException">The pass was made without it.</exception>
    public static void ThrowIfInputGradient(int length, int expected)
    {
        if (length > 0 && expected == 0)
        {
            throw new InvalidOperationException("The pass was made without the gradient of its input: set UNetInput.WantsGradient.");
        }

        if (length > 0 && length != expected)
        {
            throw new ArgumentException($"The input's gradient has room for {length} values; the sample has {expected}.", nameof(length));
        }
    }

    /// <summary>Throws if a length, size or label does not fit the network.</summary>
    /// <exception cref="ArgumentException">Says what was found and expected.</exception>
    public static void ThrowIfInvalid(
        UNet2DConfig config, int sampleLength, ImageShape shape, int timesteps, ReadOnlySpan<int> classLabels, int outputLength)
    {
        if (shape.Batch < 1 || shape.Height < 1 || shape.Width < 1 || shape.Channels != config.InChannels)
        {
            throw new ArgumentException($"The shape is {shape}; the network takes [N, {config.InChannels}, H, W] with N, H and W of at least 1.", nameof(shape));
        }

        if (shape.Height % config.SpatialFactor != 0 || shape.Width % config.SpatialFactor != 0)
        {
            throw new ArgumentException($"The size is {shape.Height}x{shape.Width}; this network takes multiples of {config.SpatialFactor}.", nameof(shape));
        }

        if (sampleLength != shape.Length)
        {
            throw new ArgumentException($"The sample has {sampleLength} values; shape {shape} has {shape.Length}.", nameof(sampleLength));
        }

        if (timesteps != 1 && timesteps != shape.Batch)
        {
            throw new ArgumentException($"There are {timesteps} timesteps for a batch of {shape.Batch}; pass one for each image, or one.", nameof(timesteps));
        }

        var expected = (shape with { Channels = config.OutChannels }).Length;
        if (outputLength != expected)
        {
            throw new ArgumentException($"The output has room for {outputLength} values; the network writes {expected}.", nameof(outputLength));
        }

        if (config.NumClassEmbeds is not { } classes)
        {
            if (!classLabels.IsEmpty)
            {
                throw new ArgumentException("The network has no classes; pass no class labels.", nameof(classLabels));
            }

            return;
        }

        if (classLabels.Length != shape.Batch)
        {
            throw new ArgumentException($"There are {classLabels.Length} class labels for a batch of {shape.Batch}.", nameof(classLabels));
        }

        foreach (var label in classLabels)
        {
            if (label < 0 || label >= classes)
            {
                throw new ArgumentException($"Class label {label} is outside 0 to {classes - 1}.", nameof(classLabels));
            }
        }
    }
}
