using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cpu.Packing;

/// <summary>Tensors of a checkpoint under a network's parameter names, as floats.</summary>
internal sealed unsafe class WeightReader
{
    private readonly ITensorSource _source;
    private readonly IReadOnlyDictionary<string, string> _names;

    /// <summary>Tensors under their own names.</summary>
    public WeightReader(ITensorSource source)
    {
        _source = source;
        _names = source.Tensors.Keys.ToDictionary(name => name);
    }

    /// <summary>Checks strictly that the checkpoint holds the network's parameters.</summary>
    /// <exception cref="ConsistencyModelsException">It does not: all differences are listed.</exception>
    public WeightReader(UNet2DDescription network, ITensorSource source)
    {
        _source = source;
        _names = NetworkWeights.Check(network, source);
    }

    /// <summary>The checkpoint.</summary>
    public ITensorSource Source => _source;

    /// <summary>For each parameter the name it is stored under.</summary>
    public IReadOnlyDictionary<string, string> Names => _names;

    /// <summary>What is done with a tensor's values.</summary>
    public delegate void Consumer(WeightView values);

    /// <summary>Calls with a tensor's values.</summary>
    public void Read(string parameter, Consumer consumer)
    {
        var name = _names[parameter];
        fixed (byte* bytes = _source.Bytes(name))
        {
            Pages.Populate(bytes, _source.Bytes(name).Length);
            consumer(new WeightView(bytes, _source.Tensors[name].DType));
        }

        _source.Release(name);
    }
}

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
