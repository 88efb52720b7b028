using System.Numerics.Tensors;

namespace ConsistencyModels.Evaluation.Metrics;

/// <summary>What an extractor says of a set of images: one vector an image.</summary>
public sealed class FeatureMatrix
{
    private readonly float[] _values;

    /// <summary>Features in memory.</summary>
    /// <param name="values">The vectors, one after another; borrowed and never written.</param>
    /// <param name="length">Numbers in a vector, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is not positive.</exception>
    /// <exception cref="ArgumentException">The values are none, or no whole number of vectors.</exception>
    /// <exception cref="ConsistencyModelsException">A value is not finite; the message says of which image.</exception>
    public FeatureMatrix(float[] values, int length)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        if (values.Length == 0 || values.Length % length != 0)
        {
            throw new ArgumentException($"{values.Length} values are no vectors of {length}.", nameof(values));
        }

        (_values, Length, Count) = (values, length, values.Length / length);
        for (var i = 0; i < Count; i++)
        {
            if (!float.IsFinite(TensorPrimitives.SumOfMagnitudes<float>(Row(i))) && Row(i).ToArray().Any(value => !float.IsFinite(value)))
            {
                throw new ConsistencyModelsException($"the features of image {i} are not finite (NaN or infinite); expected numbers: the images or the extractor are damaged");
            }
        }
    }

    /// <summary>How many images there are, at least 1.</summary>
    public int Count { get; }

    /// <summary>Numbers in a vector.</summary>
    public int Length { get; }

    /// <summary>All vectors, one after another.</summary>
    public ReadOnlySpan<float> Values => _values;

    /// <summary>The vector of an image.</summary>
    /// <param name="index">Which image, 0 to <see cref="Count"/> - 1.</param>
    public ReadOnlySpan<float> Row(int index) => _values.AsSpan(index * Length, Length);

    /// <summary>Some of the images, in the order given.</summary>
    /// <param name="indices">Which, each 0 to <see cref="Count"/> - 1; at least one.</param>
    public FeatureMatrix Take(ReadOnlySpan<int> indices)
    {
        var taken = new float[checked(indices.Length * Length)];
        for (var i = 0; i < indices.Length; i++)
        {
            Row(indices[i]).CopyTo(taken.AsSpan(i * Length));
        }

        return new(taken, Length);
    }

    /// <summary>The first images.</summary>
    /// <param name="count">How many, 1 to <see cref="Count"/>.</param>
    public FeatureMatrix First(int count) => count == Count ? this : new(_values.AsSpan(0, count * Length).ToArray(), Length);

    internal static void ThrowIfDifferent(FeatureMatrix a, FeatureMatrix b)
    {
        if (a.Length != b.Length)
        {
            throw new ArgumentException($"The two sets have vectors of {a.Length} and of {b.Length} numbers; expected the same extractor's.");
        }
    }
}
