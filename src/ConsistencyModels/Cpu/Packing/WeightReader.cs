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
