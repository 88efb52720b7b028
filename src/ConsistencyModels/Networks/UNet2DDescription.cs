using System.Diagnostics;

namespace ConsistencyModels.Networks;

/// <summary>
/// The one description of a network: its operations in the order of execution, and their parameters, derived from the
/// configuration. Engines, exporters, strict loading, operation counts and parameter names read it. Immutable and safe to share.
/// </summary>
public sealed class UNet2DDescription
{
    // Places in Operations, from 1; 0 for none.
    private readonly int[] _lastReaders;

    private UNet2DDescription(UNet2DConfig config, int augmentLabels)
    {
        UNet2DConfigValidation.ThrowIfUnsupported(config);
        Config = config;
        var network = new UNet2DOperations(config, augmentLabels);
        (Sample, Timesteps, ClassLabels, AugmentLabels) = (network.Sample, network.Timesteps, network.ClassLabels, network.AugmentLabels);
        Operations = network.Operations;
        InFileOrder = FileOrder(Operations);
        Parameters = [.. InFileOrder.SelectMany(operation => operation.Layers).SelectMany(layer => layer.Parameters)];
        _lastReaders = new int[network.Values];
        for (var i = 0; i < Operations.Count; i++)
        {
            foreach (var input in Operations[i].Inputs)
            {
                _lastReaders[input.Id] = i + 1;
            }
        }
    }

    /// <summary>The configuration described.</summary>
    public UNet2DConfig Config { get; }

    /// <summary>The noisy images, [N, InChannels, H, W].</summary>
    public NetworkValue Sample { get; }

    /// <summary>Timesteps, [N].</summary>
    public NetworkValue Timesteps { get; }

    /// <summary>Class labels, [N], or null for a network without classes.</summary>
    public NetworkValue? ClassLabels { get; }

    /// <summary>
    /// What was done to each image before it was learnt from, [N, width]; null for a network that is not told, as all are outside of
    /// training.
    /// </summary>
    public NetworkValue? AugmentLabels { get; }

    /// <summary>All operations in the order of execution. The last one makes the network's output.</summary>
    public IReadOnlyList<NetworkOperation> Operations { get; }

    /// <summary>The same operations in the order in which diffusers registers them, which is that of <see cref="Parameters"/>.</summary>
    public IReadOnlyList<NetworkOperation> InFileOrder { get; }

    /// <summary>Number of values: what the caller gives, and what the operations make.</summary>
    public int ValueCount => _lastReaders.Length;

    /// <summary>Every parameter, in the order of diffusers' state dict; that of the augmentation labels, which it does not have, comes last.</summary>
    public IReadOnlyList<ParameterDescription> Parameters { get; }

    /// <summary>Number of scalars in all parameters.</summary>
    public long ParameterCount => Parameters.Sum(parameter => parameter.Count);

    /// <summary>Describes the network of a configuration.</summary>
    /// <exception cref="ConsistencyModelsException">The configuration asks for something this library does not have, or contradicts itself.</exception>
    public static UNet2DDescription Of(UNet2DConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return new(config, 0);
    }

    /// <summary>
    /// Describes the network of a configuration as it learns from augmented images: with one parameter more, the last, through which it is
    /// told of the augmentation. Where labels are 0 its output is that of the network without.
    /// </summary>
    /// <param name="config">The network.</param>
    /// <param name="augmentLabels">Labels an image; 0 for a network that is not told.</param>
    /// <exception cref="ConsistencyModelsException">As for <see cref="Of(UNet2DConfig)"/>.</exception>
    public static UNet2DDescription Of(UNet2DConfig config, int augmentLabels)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentOutOfRangeException.ThrowIfNegative(augmentLabels);
        return new(config, augmentLabels);
    }

    /// <summary>
    /// The network as it is drawn from and saved: this one, without what tells it of augmentation. Its parameters are the first of this
    /// one's.
    /// </summary>
    public UNet2DDescription WithoutAugmentLabels() => AugmentLabels is null ? this : new(Config, 0);

    /// <summary>
    /// The place in <see cref="Operations"/> of the last one that reads a value; -1 if none does, as for the network's output.
    /// </summary>
    public int LastReader(NetworkValue value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return _lastReaders[value.Id] - 1;
    }

    /// <summary>Goes through the operations in the order of execution.</summary>
    /// <param name="reader">Makes something of each.</param>
    /// <param name="sample">What the noisy images are to it.</param>
    /// <param name="timesteps">What the timesteps are to it.</param>
    /// <param name="classLabels">What the class labels are to it; not looked at for a network without classes.</param>
    /// <returns>What it made of the network's output.</returns>
    /// <exception cref="InvalidOperationException">The network has augmentation labels, too.</exception>
    public T Read<T>(INetworkReader<T> reader, T sample, T timesteps, T classLabels) => AugmentLabels is null
        ? Read(reader, sample, timesteps, classLabels, default!)
        : throw new InvalidOperationException("The network has augmentation labels; what are they to the reader?");

    /// <summary>Goes through the operations of a network that may have augmentation labels.</summary>
    /// <param name="reader">Makes something of each.</param>
    /// <param name="sample">What the noisy images are to it.</param>
    /// <param name="timesteps">What the timesteps are to it.</param>
    /// <param name="classLabels">What the class labels are to it; not looked at for a network without classes.</param>
    /// <param name="augmentLabels">What the augmentation labels are to it; not looked at for a network without.</param>
    /// <returns>What it made of the network's output.</returns>
    public T Read<T>(INetworkReader<T> reader, T sample, T timesteps, T classLabels, T augmentLabels)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var values = new T[ValueCount];
        values[Sample.Id] = sample;
        values[Timesteps.Id] = timesteps;
        if (ClassLabels is not null)
        {
            values[ClassLabels.Id] = classLabels;
        }

        if (AugmentLabels is not null)
        {
            values[AugmentLabels.Id] = augmentLabels;
        }

        for (var i = 0; i < Operations.Count; i++)
        {
            var operation = Operations[i];
            values[operation.Output.Id] = Dispatch(reader, operation, values);
            foreach (var input in operation.Inputs.Distinct())
            {
                if (LastReader(input) == i && input != Sample && input != Timesteps && input != ClassLabels && input != AugmentLabels)
                {
                    reader.Release(values[input.Id]);
                    values[input.Id] = default!;
                }
            }
        }

        return values[Operations[^1].Output.Id];
    }

    private static T Dispatch<T>(INetworkReader<T> reader, NetworkOperation operation, T[] values)
    {
        T Input(int place) => values[operation.Inputs[place].Id];

        return operation switch
        {
            TimeEmbeddingOperation embedding => reader.TimeEmbedding(embedding, Input(0)),
            ClassEmbeddingOperation embedding => reader.ClassEmbedding(embedding, Input(0), Input(1)),
            AugmentEmbeddingOperation embedding => reader.AugmentEmbedding(embedding, Input(0), Input(1)),
            TimeActivationOperation activation => reader.TimeActivation(activation, Input(0)),
            InputConvolutionOperation convolution => reader.InputConvolution(convolution, Input(0)),
            ResnetOperation resnet => reader.Resnet(resnet, Input(0), Input(1)),
            AttentionOperation attention => reader.Attention(attention, Input(0)),
            ResampleOperation resample => reader.Resample(resample, Input(0)),
            ConcatOperation concat => reader.Concat(concat, Input(0), Input(1)),
            OutputOperation output => reader.Output(output, Input(0), Input(1)),
            _ => throw new UnreachableException(operation.GetType().Name),
        };
    }

    // By insertion: the order of execution is nearly this one, and equals stay as they are.
    private static List<NetworkOperation> FileOrder(IReadOnlyList<NetworkOperation> operations)
    {
        var ordered = new List<NetworkOperation>(operations.Count);
        foreach (var operation in operations)
        {
            var place = ordered.Count;
            while (place > 0 && FilePlace(ordered[place - 1]) > FilePlace(operation))
            {
                place--;
            }

            ordered.Insert(place, operation);
        }

        return ordered;
    }

    // By part of the network, by block, by part of the block. The middle block comes after both lists of blocks, and in a block
    // attention comes first, then residual blocks, then what changes the size: so diffusers registers them.
    private static int FilePlace(NetworkOperation operation)
    {
        const int MostBlocks = 100;
        var part = operation switch
        {
            InputConvolutionOperation => 0,
            AugmentEmbeddingOperation => 6,
            { Section: NetworkSection.Input } => 1,
            { Section: NetworkSection.Down } => 2,
            { Section: NetworkSection.Up } => 3,
            { Section: NetworkSection.Middle } => 4,
            _ => 5,
        };
        var partOfBlock = operation switch
        {
            AttentionOperation => 0,
            ResnetOperation { Resampling: Resampling.None } => 1,
            _ => 2,
        };
        return (((part * MostBlocks) + operation.Block) * 3) + partOfBlock;
    }
}

/// <summary>
/// Makes something of a network, operation by operation: the steps of a plan, the nodes of a graph, the result itself.
/// <see cref="UNet2DDescription.Read{T}(INetworkReader{T}, T, T, T)"/> calls it in the order of execution and keeps what it makes of every value.
/// </summary>
/// <typeparam name="T">What a value is to this reader: memory, a name, a tensor.</typeparam>
public interface INetworkReader<T>
{
    /// <summary>Timesteps [N] to [N, width].</summary>
    T TimeEmbedding(TimeEmbeddingOperation operation, T timesteps);

    /// <summary>[N, width] and labels [N] to [N, width].</summary>
    T ClassEmbedding(ClassEmbeddingOperation operation, T embedding, T labels);

    /// <summary>[N, width] and augmentation labels [N, L] to [N, width]. Only networks in training have it; others need not know it.</summary>
    T AugmentEmbedding(AugmentEmbeddingOperation operation, T embedding, T labels) =>
        throw new NotSupportedException($"{GetType().Name} has no augmentation labels.");

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
