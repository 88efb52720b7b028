using System.Buffers;
using System.Numerics.Tensors;

namespace ConsistencyModels.Training.Objectives;

/// <summary>Memory of one calculation, from the pool; all of it goes back at once.</summary>
internal sealed class Scratch : IDisposable
{
    private readonly List<float[]> _rented = [];

    /// <summary>Room for floats, undefined at first; valid until this is disposed.</summary>
    public Span<float> Floats(int length)
    {
        var array = ArrayPool<float>.Shared.Rent(length);
        _rented.Add(array);
        return array.AsSpan(0, length);
    }

    public void Dispose()
    {
        foreach (var array in _rented)
        {
            ArrayPool<float>.Shared.Return(array);
        }

        _rented.Clear();
    }
}

/// <summary>What objectives do with images, image by image.</summary>
internal static class NoiseArithmetic
{
    /// <summary>result ← images + σ noise, with one σ per image.</summary>
    public static void Add(ReadOnlySpan<float> images, ReadOnlySpan<float> noise, ReadOnlySpan<float> sigmas, Span<float> result)
    {
        var length = result.Length / sigmas.Length;
        for (var i = 0; i < sigmas.Length; i++)
        {
            // Two roundings, as in the references: a loss of nearly equal outputs shows the last bit.
            var part = result.Slice(i * length, length);
            TensorPrimitives.Multiply(noise.Slice(i * length, length), sigmas[i], part);
            TensorPrimitives.Add(part, images.Slice(i * length, length), part);
        }
    }

    /// <summary>values ← factor values.</summary>
    public static void Scale(Span<float> values, float factor) => TensorPrimitives.Multiply(values, factor, values);
}
