namespace ConsistencyModels.Networks;

/// <summary>
/// As many floats as a network has parameters, end to end in the order of <see cref="UNet2DDescription.Parameters"/>, in an engine's
/// own memory: on a GPU they never leave it, unless they are read. An optimizer step, an average, a norm are each one pass over it.
/// Buffers that are given to it must be of the same network: <see cref="ArgumentException"/> says if one is not, before anything changes.
/// </summary>
public interface IParameterBuffer : IDisposable
{
    /// <summary>Number of floats.</summary>
    long Length { get; }

    /// <summary>Sets everything to 0.</summary>
    void Clear();

    /// <summary>Takes over another buffer's values.</summary>
    /// <param name="source">A buffer of the same network.</param>
    void CopyFrom(IParameterBuffer source);

    /// <summary>this ← this + weight · (other - this): a step of a running average.</summary>
    /// <param name="other">A buffer of the same network.</param>
    /// <param name="weight">Share of <paramref name="other"/>, 0 to 1.</param>
    void Lerp(IParameterBuffer other, double weight);

    /// <summary>this ← factor · this.</summary>
    /// <param name="factor">Any number.</param>
    void Scale(double factor);

    /// <summary>The Euclidean norm; NaN or infinity if a value is.</summary>
    double Norm();

    /// <summary>One step of an adaptive optimizer on the parameters in this buffer.</summary>
    /// <param name="gradients">dLoss/dParameters; read.</param>
    /// <param name="firstMoment">Running mean of gradients; updated.</param>
    /// <param name="secondMoment">Running mean of squared gradients; updated.</param>
    /// <param name="step">The step's numbers.</param>
    void Adapt(IParameterBuffer gradients, IParameterBuffer firstMoment, IParameterBuffer secondMoment, AdaptiveStep step);

    /// <summary>
    /// The same, then a step of every running average towards the new parameters, then the gradients set to 0: the end of a step of training, which an
    /// engine may do in one pass over memory. The values are those of the single calls, bit for bit.
    /// </summary>
    /// <param name="gradients">dLoss/dParameters; 0 afterwards.</param>
    /// <param name="firstMoment">Running mean of gradients; updated.</param>
    /// <param name="secondMoment">Running mean of squared gradients; updated.</param>
    /// <param name="step">The step's numbers.</param>
    /// <param name="averages">Buffers that follow this one, and their shares (<see cref="Lerp"/>).</param>
    void Adapt(IParameterBuffer gradients, IParameterBuffer firstMoment, IParameterBuffer secondMoment, AdaptiveStep step, ReadOnlySpan<(IParameterBuffer Average, double Weight)> averages)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        Adapt(gradients, firstMoment, secondMoment, step);
        foreach (var (average, weight) in averages)
        {
            average.Lerp(this, weight);
        }

        gradients.Clear();
    }

    /// <summary>Copies values out.</summary>
    /// <param name="offset">The first one.</param>
    /// <param name="destination">Receives them.</param>
    void Read(long offset, Span<float> destination);

    /// <summary>Copies values in.</summary>
    /// <param name="offset">Where the first one goes.</param>
    /// <param name="source">The values.</param>
    void Write(long offset, ReadOnlySpan<float> source);
}
