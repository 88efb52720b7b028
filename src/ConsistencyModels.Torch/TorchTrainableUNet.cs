using ConsistencyModels.Networks;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch;

/// <summary>
/// A network that learns with libtorch's gradients. Parameters, gradients and moments are float32; with another precision the passes
/// work on a copy of the parameters, made when they have changed, and its gradients are added to the float32 ones.
/// </summary>
internal sealed class TorchTrainableUNet : ITrainableUNet
{
    private readonly UNet2DModel _network;
    private readonly TorchBuffer _parameters;
    private readonly TorchBuffer _gradients;
    private readonly Device _device;
    private readonly ScalarType _dtype;

    // Gradients in the precision of the passes, where it is not that of the sums.
    private readonly Tensor? _narrowGradients;
    private readonly Dictionary<TorchBuffer, View> _views = [];
    private long _version = -1;

    /// <summary>Makes the network; its parameters are undefined.</summary>
    public TorchTrainableUNet(UNet2DDescription description, Device device, ScalarType dtype)
    {
        (_device, _dtype) = (device, dtype);
        _network = new(description, device, dtype, trainable: true);
        using var scope = NewDisposeScope();
        var same = dtype == ScalarType.Float32;
        _parameters = new(same ? _network.FlatParameters.alias().DetachFromDisposeScope() : Zeros(ScalarType.Float32), this);
        _gradients = new(Zeros(ScalarType.Float32), this);
        _narrowGradients = same ? null : Zeros(dtype);
        long offset = 0;
        foreach (var parameter in description.Parameters)
        {
            var values = _network.ParameterNamed(parameter.Name);
            if (values.requires_grad)
            {
                values.grad = (_narrowGradients ?? _gradients.Flat).narrow(0, offset, parameter.Count).view([.. parameter.Shape]);
            }

            offset += parameter.Count;
        }
    }

    /// <inheritdoc/>
    public UNet2DDescription Description => _network.Description;

    /// <inheritdoc/>
    public IParameterBuffer Parameters => _parameters;

    /// <inheritdoc/>
    public IParameterBuffer Gradients => _gradients;

    /// <inheritdoc/>
    public IParameterBuffer NewBuffer() => new TorchBuffer(Zeros(ScalarType.Float32), this);

    /// <inheritdoc/>
    public ITrainingPass Forward(UNetInput input, long dropoutSeed, Span<float> output)
    {
        Check(input, output.Length);
        using var scope = NewDisposeScope();
        CopyToNetwork();
        _network.Dropout.Seed(dropoutSeed);
        var (x, t, labels, augmentation) = ToDevice(input);
        x.requires_grad = input.WantsGradient;
        var result = _network.forward(x, t, labels, augmentation);
        CopyOut(result, output);
        return new Pass(this, result.DetachFromDisposeScope(), input.WantsGradient ? x.DetachFromDisposeScope() : null, _parameters.Version);
    }

    /// <inheritdoc/>
    public void Evaluate(IParameterBuffer parameters, UNetInput input, long? dropoutSeed, Span<float> output)
    {
        Check(input, output.Length);
        var network = NetworkOver(parameters);
        network.train(dropoutSeed is not null);
        try
        {
            if (dropoutSeed is { } seed)
            {
                network.Dropout.Seed(seed);
            }

            // One pass only where masks are drawn: they belong to a whole pass.
            var most = dropoutSeed is null ? BatchParts.Most(_device, input.Shape) : input.Shape.Batch;
            for (var first = 0; first < input.Shape.Batch; first += most)
            {
                using var scope = NewDisposeScope();
                using var noGrad = no_grad();
                var part = input.Slice(first, Math.Min(most, input.Shape.Batch - first));
                var (x, t, labels, augmentation) = ToDevice(part);
                var length = (part.Shape with { Channels = Description.Config.OutChannels }).Length;
                CopyOut(network.forward(x, t, labels, augmentation), output.Slice(output.Length / input.Shape.Batch * first, length));
            }
        }
        finally
        {
            _network.train();
        }
    }

    /// <summary>Gives back what was made for a buffer that goes.</summary>
    internal void Forget(TorchBuffer buffer)
    {
        if (_views.Remove(buffer, out var view))
        {
            view.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var view in _views.Values)
        {
            view.Dispose();
        }

        _views.Clear();

        _parameters.Dispose();
        _gradients.Dispose();
        _narrowGradients?.Dispose();
        _network.Dispose();
    }

    private Tensor Zeros(ScalarType dtype) => zeros([_network.Description.ParameterCount], dtype: dtype, device: _device).DetachFromDisposeScope();

    private void Check(UNetInput input, int output) => ForwardArguments.ThrowIfInvalid(Description, input, output);

    private UNet2DModel NetworkOver(IParameterBuffer parameters)
    {
        var buffer = _parameters.Kin(parameters, nameof(parameters));
        if (buffer == _parameters)
        {
            CopyToNetwork();
            return _network;
        }

        if (!_views.TryGetValue(buffer, out var view))
        {
            _views.Add(buffer, view = new(Description, buffer, _dtype));
        }

        return view.Network();
    }

    private void CopyToNetwork()
    {
        if (_narrowGradients is not null && _version != _parameters.Version)
        {
            using var noGrad = no_grad();
            _network.FlatParameters.copy_(_parameters.Flat);
            _version = _parameters.Version;
        }
    }

    private (Tensor X, Tensor T, Tensor? Labels, Tensor? Augmentation) ToDevice(UNetInput input) =>
        (TensorMemory.Of(input.Sample, [input.Shape.Batch, input.Shape.Channels, input.Shape.Height, input.Shape.Width]).to(_dtype, _device),
         TensorMemory.Repeated(input.Timesteps, input.Shape.Batch).to(_device),
         TensorMemory.Labels(input.ClassLabels)?.to(_device),
         input.AugmentLabels.IsEmpty
             ? null
             : TensorMemory.Of(input.AugmentLabels, [input.Shape.Batch, input.AugmentLabels.Length / input.Shape.Batch]).to(_dtype, _device));

    private static void CopyOut(Tensor result, Span<float> output)
    {
        using var noGrad = no_grad();
        TensorMemory.Floats(result.detach().to(ScalarType.Float32, CPU).contiguous()).CopyTo(output);
    }

    private sealed class Pass(TorchTrainableUNet owner, Tensor output, Tensor? input, long version) : ITrainingPass
    {
        private bool _followed;
        private bool _disposed;

        public void Backward(ReadOnlySpan<float> outputGradient, Span<float> inputGradient = default)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_followed)
            {
                throw new InvalidOperationException("The pass was followed back already.");
            }

            if (version != owner._parameters.Version)
            {
                throw new InvalidOperationException("The parameters have changed since the pass.");
            }

            if (outputGradient.Length != output.numel())
            {
                throw new ArgumentException($"The gradient has {outputGradient.Length} values; the output has {output.numel()}.", nameof(outputGradient));
            }

            ForwardArguments.ThrowIfInputGradient(inputGradient.Length, (int)(input?.numel() ?? 0));
            _followed = true;
            using var scope = NewDisposeScope();
            var gradient = TensorMemory.Of(outputGradient, output.shape).to(owner._dtype, owner._device);
            output.backward([gradient]);
            if (inputGradient.Length > 0)
            {
                CopyOut(input!.grad!, inputGradient);
            }

            if (owner._narrowGradients is { } narrow)
            {
                using var noGrad = no_grad();
                owner._gradients.Flat.AddInPlace(narrow.to(ScalarType.Float32));
                narrow.zero_();
            }
        }

        public void Dispose()
        {
            _disposed = true;
            output.Dispose();
            input?.Dispose();
        }
    }

    // A network over the values of a buffer, in the precision of the passes.
    private sealed class View : IDisposable
    {
        private readonly TorchBuffer _buffer;
        private readonly UNet2DModel _network;
        private readonly Tensor? _narrow;
        private long _version = -1;

        public View(UNet2DDescription description, TorchBuffer buffer, ScalarType dtype)
        {
            _buffer = buffer;
            _narrow = dtype == ScalarType.Float32 ? null : empty([buffer.Length], dtype: dtype, device: buffer.Flat.device).DetachFromDisposeScope();
            _network = new(description, _narrow ?? buffer.Flat);
        }

        public UNet2DModel Network()
        {
            if (_narrow is not null && _version != _buffer.Version)
            {
                using var noGrad = no_grad();
                _narrow.copy_(_buffer.Flat);
                _version = _buffer.Version;
            }

            return _network;
        }

        public void Dispose()
        {
            _network.Dispose();
            _narrow?.Dispose();
        }
    }
}
