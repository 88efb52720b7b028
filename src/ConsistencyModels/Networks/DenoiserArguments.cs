namespace ConsistencyModels.Networks;

/// <summary>The checks every call of a network's denoiser starts with.</summary>
internal static class DenoiserArguments
{
    public static void Check(
        UNet2DConfig config,
        ReadOnlySpan<float> x,
        ImageShape shape,
        ReadOnlySpan<float> sigmas,
        ReadOnlySpan<int> classLabels,
        Span<float> denoised)
    {
        Shape(config, shape);
        if (x.Length != shape.Length)
        {
            throw new ArgumentException($"The batch holds {x.Length} floats; shape {shape} needs {shape.Length}.", nameof(x));
        }

        if (denoised.Length != shape.Length)
        {
            throw new ArgumentException($"The result has room for {denoised.Length} floats; shape {shape} needs {shape.Length}.", nameof(denoised));
        }

        if (sigmas.Length != 1 && sigmas.Length != shape.Batch)
        {
            throw new ArgumentException($"There are {sigmas.Length} noise levels; expected 1 or one for each of {shape.Batch} images.", nameof(sigmas));
        }

        foreach (var sigma in sigmas)
        {
            if (!(sigma >= 0 && float.IsFinite(sigma)))
            {
                throw new ArgumentOutOfRangeException(nameof(sigmas), sigma, "A noise level must be a finite number from 0 up.");
            }
        }

        Labels(config, classLabels, shape.Batch, nameof(classLabels));
    }

    public static void Shape(UNet2DConfig config, ImageShape shape)
    {
        if (shape.Batch < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(shape), shape.Batch, "A batch must have at least one image.");
        }

        if (shape.Channels != config.InChannels)
        {
            throw new ArgumentException($"The images have {shape.Channels} channels; the network takes {config.InChannels}.", nameof(shape));
        }

        var factor = config.SpatialFactor;
        if (shape.Height < 1 || shape.Width < 1 || shape.Height % factor != 0 || shape.Width % factor != 0)
        {
            throw new ArgumentException(
                $"The image size is {shape.Height}x{shape.Width}; the network needs multiples of {factor}.", nameof(shape));
        }
    }

    public static void Labels(UNet2DConfig config, ReadOnlySpan<int> labels, int batch, string parameter)
    {
        if (config.NumClassEmbeds is not { } classes)
        {
            if (!labels.IsEmpty)
            {
                throw new ArgumentException("Class labels were given to a network without classes.", parameter);
            }

            return;
        }

        if (labels.Length != batch)
        {
            throw new ArgumentException($"There are {labels.Length} class labels for {batch} images; this network has classes and needs one an image.", parameter);
        }

        foreach (var label in labels)
        {
            if (label < 0 || label >= classes)
            {
                throw new ArgumentOutOfRangeException(parameter, label, $"Class labels of this model go from 0 to {classes - 1}.");
            }
        }
    }
}
