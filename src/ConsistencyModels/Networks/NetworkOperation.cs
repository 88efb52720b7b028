namespace ConsistencyModels.Networks;

/// <summary>
/// One operation of a network: what it reads, what it makes, and the layers whose parameters it uses. There are the nine kinds
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
