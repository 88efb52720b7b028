namespace ConsistencyModels.Networks;

/// <summary>How much arithmetic a network is, by its description.</summary>
public static class NetworkWork
{
    /// <summary>
    /// Floating-point operations of one image's forward pass with direct convolutions: two for each multiply-add of convolutions,
    /// linear layers and attention's products. Normalizations and activations, a few thousandths, are left out.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="size">Size of the image, in multiples of <see cref="UNet2DConfig.SpatialFactor"/>.</param>
    public static double DirectOperations(UNet2DDescription network, ImageSize size)
    {
        ArgumentNullException.ThrowIfNull(network);
        var walk = new Walk(network.Config);
        var pixels = (double)size.Height * size.Width;
        var first = network.Config.BlockOutChannels[0];
        walk.Convolution(pixels, network.Config.InChannels, first);
        foreach (var block in network.DownBlocks)
        {
            pixels = walk.Block(block, pixels);
        }

        if (network.MidBlock is { } middle)
        {
            walk.Block(middle, pixels);
        }

        foreach (var block in network.UpBlocks)
        {
            pixels = walk.Block(block, pixels);
        }

        walk.Convolution(pixels, first, network.Config.OutChannels);
        var features = network.Config.TimeEmbeddingType == "fourier" ? 2 * first : first;
        walk.Linear(1, features, network.Config.TimeEmbeddingWidth);
        walk.Linear(1, network.Config.TimeEmbeddingWidth, network.Config.TimeEmbeddingWidth);
        return 2 * walk.MultiplyAdds;
    }

    private sealed class Walk(UNet2DConfig config)
    {
        public double MultiplyAdds { get; private set; }

        public void Linear(double rows, double inputs, double outputs) => MultiplyAdds += rows * inputs * outputs;

        public void Convolution(double pixels, double inputs, double outputs) => Linear(pixels, 9 * inputs, outputs);

        /// <returns>Pixels after it.</returns>
        public double Block(BlockDescription block, double pixels)
        {
            foreach (var resnet in block.Resnets)
            {
                Resnet(resnet, pixels);
            }

            foreach (var attention in block.Attentions)
            {
                Linear(pixels, attention.Channels, 4 * attention.InnerDim);
                Linear(pixels, pixels, 2 * attention.InnerDim);
            }

            if (block.Resample is not { } resample)
            {
                return pixels;
            }

            pixels = resample.Kind == ResampleKind.Down ? pixels / 4 : 4 * pixels;
            if (resample.Resnet is { } resampler)
            {
                Resnet(resampler, pixels);
            }
            else
            {
                Convolution(pixels, resample.Channels, resample.Channels);
            }

            return pixels;
        }

        private void Resnet(ResnetDescription resnet, double pixels)
        {
            Convolution(pixels, resnet.InChannels, resnet.OutChannels);
            Convolution(pixels, resnet.OutChannels, resnet.OutChannels);
            Linear(1, config.TimeEmbeddingWidth, (config.ResnetTimeScaleShift == "scale_shift" ? 2 : 1) * resnet.OutChannels);
            if (resnet.HasShortcut)
            {
                Linear(pixels, resnet.InChannels, resnet.OutChannels);
            }
        }
    }
}
