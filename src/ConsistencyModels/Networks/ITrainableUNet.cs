namespace ConsistencyModels.Networks;

/// <summary>What a network is given: scaled images, what it is told about their noise, their classes and their augmentation.</summary>
/// <param name="sample">The scaled input, <paramref name="shape"/>.Length floats in NCHW order.</param>
/// <param name="shape">Shape of the batch.</param>
/// <param name="timesteps">c_noise: one value per image, or a single one for all.</param>
/// <param name="classLabels">One label per image, or empty for a network without classes.</param>
public readonly ref struct UNetInput(ReadOnlySpan<float> sample, ImageShape shape, ReadOnlySpan<float> timesteps, ReadOnlySpan<int> classLabels)
{
    /// <summary>The scaled input, [N, C, H, W].</summary>
    public ReadOnlySpan<float> Sample { get; } = sample;

    /// <summary>Its shape.</summary>
    public ImageShape Shape { get; } = shape;

    /// <summary>c_noise, one per image or one for all.</summary>
    public ReadOnlySpan<float> Timesteps { get; } = timesteps;

    /// <summary>One label per image, or none.</summary>
    public ReadOnlySpan<int> ClassLabels { get; } = classLabels;

    /// <summary>
    /// What was done to each image, [N, width of <see cref="UNet2DDescription.AugmentLabels"/>]; or none, which is the same as zeros.
    /// </summary>
    public ReadOnlySpan<float> AugmentLabels { get; init; }

    /// <summary>Whether the gradient of <see cref="Sample"/> may be asked for: <see cref="ITrainingPass.Backward"/>.</summary>
    public bool WantsGradient { get; init; }

    /// <summary>Some of the images, with what belongs to them.</summary>
    /// <param name="first">The first one.</param>
    /// <param name="count">How many.</param>
    public UNetInput Slice(int first, int count)
    {
        var labels = AugmentLabels.Length / Shape.Batch;
        return new(
            Sample.Slice(first * Shape.ImageLength, count * Shape.ImageLength),
            Shape.WithBatch(count),
            Timesteps.Length == 1 ? Timesteps : Timesteps.Slice(first, count),
            ClassLabels.IsEmpty ? ClassLabels : ClassLabels.Slice(first, count))
        {
            AugmentLabels = AugmentLabels.Slice(labels * first, labels * count),
            WantsGradient = WantsGradient,
        };
    }
}

/// <summary>
/// A network F that learns: its parameters and gradients are one flat buffer each, in the order of
/// <see cref="UNet2DDescription.Parameters"/>, in the engine's own memory. What training needs of an engine, and all it knows of it.
/// </summary>
/// <remarks>
/// Not for several threads at once: <see cref="BufferedUNet"/> is. Buffers that were made for it die with it. Between a <see cref="Forward"/> and the end of its pass
/// the parameters must stay as they are.
/// </remarks>
public interface ITrainableUNet : IDisposable
{
    /// <summary>The network's operations and parameters.</summary>
    UNet2DDescription Description { get; }

    /// <summary>The parameters, in single precision whatever the engine computes in; owned by the network.</summary>
    IParameterBuffer Parameters { get; }

    /// <summary>dLoss/dParameters, to which backward passes add; owned by the network.</summary>
    IParameterBuffer Gradients { get; }

    /// <summary>Another buffer of as many floats, zeros at first: a moment, an average, a target network. The caller disposes it.</summary>
    IParameterBuffer NewBuffer();

    /// <summary>A forward pass in training mode that keeps what its backward pass needs.</summary>
    /// <param name="input">Images, timesteps, labels.</param>
    /// <param name="dropoutSeed">Seeds the dropout masks: two passes of one shape with one seed have the same masks.</param>
    /// <param name="output">Receives [N, OutChannels, H, W] floats.</param>
    /// <returns>The way back; the caller disposes it.</returns>
    /// <exception cref="ArgumentException">A length or label does not fit the configuration.</exception>
    ITrainingPass Forward(UNetInput input, long dropoutSeed, Span<float> output);

    /// <summary>A forward pass without a way back, on these parameters or on those in another of the network's buffers.</summary>
    /// <param name="parameters"><see cref="Parameters"/>, or a buffer of <see cref="NewBuffer"/>.</param>
    /// <param name="input">Images, timesteps, labels.</param>
    /// <param name="dropoutSeed">Seeds the dropout masks as in <see cref="Forward"/>; null for no dropout.</param>
    /// <param name="output">Receives [N, OutChannels, H, W] floats.</param>
    /// <exception cref="ArgumentException">A length or label does not fit the configuration, or the buffer is another network's.</exception>
    void Evaluate(IParameterBuffer parameters, UNetInput input, long? dropoutSeed, Span<float> output);
}

/// <summary>A forward pass that can be followed back once.</summary>
public interface ITrainingPass : IDisposable
{
    /// <summary>Adds to <see cref="ITrainableUNet.Gradients"/> what a gradient of the output means for the parameters.</summary>
    /// <param name="outputGradient">dLoss/dOutput, as many floats as the output.</param>
    /// <param name="inputGradient">
    /// Receives dLoss/dSample, as many floats as the sample, of a pass whose input has <see cref="UNetInput.WantsGradient"/>; empty if nobody wants it.
    /// </param>
    /// <exception cref="ArgumentException">A length is another; nothing happened.</exception>
    /// <exception cref="InvalidOperationException">
    /// The pass was followed back before, the parameters have changed since, or the input's gradient was not announced; nothing happened.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The pass or the network was disposed.</exception>
    void Backward(ReadOnlySpan<float> outputGradient, Span<float> inputGradient = default);
}

/// <summary>Engines that can train too.</summary>
public interface ITrainingEngine : INetworkEngine
{
    /// <summary>Whether it has the device and trains in the precision, as far as can be told without making anything.</summary>
    /// <param name="options">Device and precision.</param>
    bool CanTrain(EngineOptions options);

    /// <summary>Whether another number of threads gives other bits.</summary>
    bool DependsOnThreads { get; }

    /// <summary>What a step takes beside buffers of parameters: activations, and parameters in the form that the engine computes with.</summary>
    /// <param name="description">Operations and parameters.</param>
    /// <param name="batch">Images that pass the network at a time, and their size.</param>
    /// <param name="options">As for <see cref="Create"/>.</param>
    /// <returns>Bytes; null if the engine does not know before it computes.</returns>
    long? StepBytes(UNet2DDescription description, ImageShape batch, EngineOptions options);

    /// <summary>Makes a network to train. Its parameters are undefined until they are written.</summary>
    /// <param name="description">Operations and parameters.</param>
    /// <param name="options">Device, threads, and the precision of activations; parameters and gradients stay in single precision.</param>
    /// <exception cref="ConsistencyModelsException">The device is not there.</exception>
    ITrainableUNet Create(UNet2DDescription description, EngineOptions options);
}
