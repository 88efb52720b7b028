using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cpu;

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
        _names = StrictTensors.Check(
            source,
            network.Parameters.Select(parameter => (parameter.Name, parameter.Shape)),
            network.Parameters.Where(parameter => parameter.OldName is not null).ToDictionary(parameter => parameter.OldName!, parameter => parameter.Name));
    }

    /// <summary>What is done with a tensor's values.</summary>
    public delegate void Consumer(float* values);

    /// <summary>Calls with a tensor's values: the file's own memory if it holds float32, else a widened copy.</summary>
    public void Read(string parameter, Consumer consumer)
    {
        var name = _names[parameter];
        var info = _source.Tensors[name];
        if (info.DType == TensorDType.F32)
        {
            fixed (byte* bytes = _source.Bytes(name))
            {
                consumer((float*)bytes);
            }
        }
        else
        {
            using var copy = new NativeBuffer(info.ElementCount * sizeof(float));
            _source.CopyTo(name, new Span<float>(copy.Floats, checked((int)info.ElementCount)));
            consumer(copy.Floats);
        }

        _source.Release(name);
    }
}
