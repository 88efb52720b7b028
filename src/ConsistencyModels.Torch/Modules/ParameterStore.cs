using ConsistencyModels.Networks;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>
/// Holds every parameter of a network in one contiguous tensor and hands out views of it, so that an optimizer step, an
/// average or a sum over processes is one vector operation. Owns the tensor; the network that takes the views disposes it.
/// </summary>
internal sealed class ParameterStore : IDisposable
{
    private readonly Dictionary<string, Parameter> _parameters = new(StringComparer.Ordinal);

    /// <summary>Allocates the tensor, uninitialised, and makes the views.</summary>
    public ParameterStore(UNet2DDescription network, ScalarType dtype, Device device, bool trainable)
        : this(network, empty([network.ParameterCount], dtype: dtype, device: device), trainable)
    {
    }

    /// <summary>Makes the views of a tensor that is there; it belongs to the store from now on.</summary>
    public ParameterStore(UNet2DDescription network, Tensor flat, bool trainable)
    {
        Descriptions = network.Parameters;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Flat = flat;
        long offset = 0;
        foreach (var description in network.Parameters)
        {
            var view = Flat.narrow(0, offset, description.Count).view([.. description.Shape]);
            // The frequencies of a Fourier embedding are fixed.
            var learns = trainable && description.Initialization != ParameterInitialization.NormalTimes16;
            var parameter = new Parameter(view, learns);
            parameter.DetachFromDisposeScope();
            _parameters.Add(description.Name, parameter);
            offset += description.Count;
        }

        Flat.DetachFromDisposeScope();
    }

    /// <summary>All parameters end to end, in the description's order.</summary>
    public Tensor Flat { get; }

    /// <summary>Names and shapes, in the order of <see cref="Flat"/>.</summary>
    public IReadOnlyList<ParameterDescription> Descriptions { get; }

    /// <summary>The view of one parameter.</summary>
    public Parameter this[string name] => _parameters[name];

    /// <summary>Gives back the whole tensor and the views that no module has taken.</summary>
    public void Dispose()
    {
        foreach (var parameter in _parameters.Values)
        {
            parameter.Dispose();
        }

        Flat.Dispose();
    }
}
