namespace ConsistencyModels.Networks;

/// <summary>
/// Makes something of a network, operation by operation: the steps of a plan, the nodes of a graph, the result itself.
/// <see cref="UNet2DDescription.Read"/> calls it in the order of execution and keeps what it makes of every value.
/// </summary>
/// <typeparam name="T">What a value is to this reader: memory, a name, a tensor.</typeparam>
public interface INetworkReader<T>
{
    /// <summary>Timesteps [N] to [N, width].</summary>
    T TimeEmbedding(TimeEmbeddingOperation operation, T timesteps);

    /// <summary>[N, width] and labels [N] to [N, width].</summary>
    T ClassEmbedding(ClassEmbeddingOperation operation, T embedding, T labels);

    /// <summary>[N, width] to the same shape.</summary>
    T TimeActivation(TimeActivationOperation operation, T embedding);

    /// <summary>The sample [N, C, H, W] to [N, C', H, W].</summary>
    T InputConvolution(InputConvolutionOperation operation, T sample);

    /// <summary>[N, C, H, W] and the activated embedding [N, width] to [N, C', H', W'].</summary>
    T Resnet(ResnetOperation operation, T image, T time);

    /// <summary>[N, C, H, W] to the same shape.</summary>
    T Attention(AttentionOperation operation, T image);

    /// <summary>[N, C, H, W] to half or double the size.</summary>
    T Resample(ResampleOperation operation, T image);

    /// <summary>[N, C, H, W] and [N, C', H, W] to [N, C + C', H, W].</summary>
    T Concat(ConcatOperation operation, T image, T skip);

    /// <summary>[N, C, H, W] and timesteps [N] to the network's output [N, OutChannels, H, W].</summary>
    T Output(OutputOperation operation, T image, T timesteps);

    /// <summary>Called once for every value that an operation made and that no later one reads; not for the network's output.</summary>
    void Release(T value)
    {
    }
}
