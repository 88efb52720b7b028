namespace ConsistencyModels.Networks;

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
    /// <summary>[N, Channels]: timesteps, class labels (both with one channel) and embeddings.</summary>
    Vector,

    /// <summary>[N, Channels, H, W].</summary>
    Image,
}
