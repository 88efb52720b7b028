namespace ConsistencyModels.Networks;

/// <summary>What a fresh parameter holds.</summary>
public enum ParameterInitialization
{
    /// <summary>Uniform in ±1/√fan_in, PyTorch's default for convolutions and linear layers and their biases.</summary>
    UniformFanIn,

    /// <summary>Ones: normalization weights.</summary>
    One,

    /// <summary>Zeros: normalization biases.</summary>
    Zero,

    /// <summary>Standard normal: embeddings.</summary>
    Normal,

    /// <summary>Normal with standard deviation 16: the frequencies of a Fourier time embedding.</summary>
    NormalTimes16,
}
