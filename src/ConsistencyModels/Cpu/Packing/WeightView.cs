using ConsistencyModels.Checkpoints;

namespace ConsistencyModels.Cpu;

/// <summary>A tensor of a checkpoint, in the file's own memory and element type; valid while <see cref="WeightReader.Read"/> runs.</summary>
internal readonly unsafe struct WeightView(byte* bytes, TensorDType dtype)
{
    /// <summary>Some consecutive elements as floats: where they lie, or widened into a buffer.</summary>
    /// <param name="first">Index of the first element.</param>
    /// <param name="count">How many.</param>
    /// <param name="buffer">Room for that many floats.</param>
    public float* Floats(long first, int count, float* buffer)
    {
        if (dtype == TensorDType.F32)
        {
            return (float*)bytes + first;
        }

        var size = dtype.Size();
        FloatConversion.ToSingle(dtype, new ReadOnlySpan<byte>(bytes + (first * size), count * size), new Span<float>(buffer, count));
        return buffer;
    }

    /// <summary>Copies consecutive elements as floats.</summary>
    public void CopyTo(long first, Span<float> destination)
    {
        fixed (float* target = destination)
        {
            var source = Floats(first, destination.Length, target);
            if (source != target)
            {
                new ReadOnlySpan<float>(source, destination.Length).CopyTo(destination);
            }
        }
    }
}
