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
        return 2 * network.Operations.Sum(operation => MultiplyAdds(operation, operation.Output.SizeFor(size)));
    }

    private static double MultiplyAdds(NetworkOperation operation, ImageSize size)
    {
        var pixels = (double)size.Height * size.Width;

        // Attention's layers see every pixel; the other linear layers see an image's embedding once.
        var rows = operation is AttentionOperation ? pixels : 1;
        var products = operation is AttentionOperation attention ? 2 * pixels * pixels * attention.InnerDim : 0;
        return products + operation.Layers.Sum(layer => layer switch
        {
            ConvolutionLayer convolution => pixels * convolution.KernelSize * convolution.KernelSize * convolution.InChannels * convolution.OutChannels,
            LinearLayer linear => rows * linear.Inputs * linear.Outputs,
            ProjectionLayer projection => rows * projection.Inputs * projection.Outputs,
            _ => 0,
        });
    }
}
