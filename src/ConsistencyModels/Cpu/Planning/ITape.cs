namespace ConsistencyModels.Cpu.Planning;

/// <summary>
/// Is told of every layer of a forward pass that will be followed back, in the order of execution. A plan with a tape writes no layer's output
/// over what a gradient needs.
/// </summary>
internal interface ITape
{
    /// <summary>A normalization.</summary>
    void Norm(NormStep step);

    /// <summary>Dropout of what the last normalization made.</summary>
    void Dropout(DropoutSpec spec);

    /// <summary>A 3x3 convolution by Winograd's algorithm.</summary>
    void Convolution(ConvolutionSpec spec);

    /// <summary>A 3x3 convolution of gathered pixels.</summary>
    void Gather(GatherSpec spec);

    /// <summary>A linear layer; <see cref="LinearSpec.SiLU"/> is false.</summary>
    void Linear(LinearSpec spec);

    /// <summary>Augmentation labels that are added to an embedding.</summary>
    void Augment(AugmentSpec spec);

    /// <summary>SiLU of an embedding.</summary>
    void Activation(ActivationSpec spec);

    /// <summary>Attention.</summary>
    void Attention(AttentionSpec spec);

    /// <summary>The last convolution.</summary>
    void Output(OutputSpec spec);
}
