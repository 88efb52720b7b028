using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Planning;
using ConsistencyModels.Cpu.Threading;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cpu.Training;

/// <summary>
/// A network that learns on the processor. Parameters stay flat; what kernels read is packed anew when they have changed. Sums have a fixed
/// order, so that a step has the same bits for any number of threads. Calls of several threads take turns.
/// </summary>
internal sealed unsafe class CpuTrainableUNet : ITrainableUNet
{
    private readonly Dictionary<string, long> _places = new(StringComparer.Ordinal);
    private readonly Dictionary<CpuBuffer, BufferNetwork> _networks = [];
    private readonly Stack<Call> _idle = new();
    private readonly ImageSize _nominalSize;
    private readonly ComputePool _pool;
    private readonly int _threads;
    private readonly long _activationBytes;
    private readonly ArenaPool _arenas;
    private readonly CpuBuffer _parameters;
    private readonly CpuBuffer _gradients;
    private readonly BufferWork _work;

    /// <summary>Makes the network; its parameters are zeros.</summary>
    /// <param name="description">Operations and parameters.</param>
    /// <param name="nominalSize">The size that decides how layers are computed.</param>
    /// <param name="pool">Whose threads.</param>
    /// <param name="threads">How many of them.</param>
    /// <param name="activationBytes">Bound of activations where there is no way back.</param>
    public CpuTrainableUNet(UNet2DDescription description, ImageSize nominalSize, ComputePool pool, int threads, long activationBytes)
    {
        (Description, _nominalSize) = (description, nominalSize);
        (_pool, _threads, _activationBytes) = (pool, threads, activationBytes);
        long length = 0;
        foreach (var parameter in description.Parameters)
        {
            _places.Add(parameter.Name, length);
            length += parameter.Count;
        }

        _work = new(new WorkRegion(pool, threads));
        _arenas = new ArenaPool(long.MaxValue / 2, TimeProvider.System);
        _parameters = new(this, length);
        _gradients = new(this, length);
    }

    /// <inheritdoc/>
    public UNet2DDescription Description { get; }

    /// <inheritdoc/>
    public IParameterBuffer Parameters => _parameters;

    /// <inheritdoc/>
    public IParameterBuffer Gradients => _gradients;

    /// <summary>Held by whoever works with the network or its buffers: plans, packed forms and threads' shares are there once.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>Whether the network, and its buffers with it, takes no more calls.</summary>
    internal bool IsDisposed { get; private set; }

    /// <summary>Arithmetic on the network's buffers; for who holds <see cref="Gate"/>.</summary>
    internal BufferWork Work => IsDisposed ? throw new ObjectDisposedException(nameof(ITrainableUNet)) : _work;

    /// <inheritdoc/>
    public IParameterBuffer NewBuffer()
    {
        lock (Gate)
        {
            ThrowIfDisposed();
            return new CpuBuffer(this, _parameters.Length);
        }
    }

    /// <inheritdoc/>
    public ITrainingPass Forward(UNetInput input, long dropoutSeed, Span<float> output)
    {
        Check(input, output.Length);
        lock (Gate)
        {
            return LockedForward(input, dropoutSeed, output);
        }
    }

    private Pass LockedForward(UNetInput input, long dropoutSeed, Span<float> output)
    {
        ThrowIfDisposed();
        var (plan, weights) = NetworkOver(_parameters).Learning(input.Shape.Batch, SizeOf(input));
        var call = TakeCall();
        var arena = _arenas.Rent(call.BytesFor(plan));
        try
        {
            Run(weights, plan, call, arena, input, 0, dropoutSeed, output);
            return new Pass(this, plan, call, arena, (output.Length, input.WantsGradient ? input.Sample.Length : 0), _parameters.Version);
        }
        catch
        {
            _arenas.Return(arena);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Evaluate(IParameterBuffer parameters, UNetInput input, long? dropoutSeed, Span<float> output)
    {
        Check(input, output.Length);
        var buffer = _parameters.Kin(parameters, nameof(parameters));
        lock (Gate)
        {
            LockedEvaluate(buffer, input, dropoutSeed, output);
        }
    }

    private void LockedEvaluate(CpuBuffer buffer, UNetInput input, long? dropoutSeed, Span<float> output)
    {
        ThrowIfDisposed();
        ObjectDisposedException.ThrowIf(buffer.IsDisposed, buffer);
        var network = NetworkOver(buffer);
        var masked = dropoutSeed is not null;
        var call = TakeCall();
        var size = SizeOf(input);
        var most = (int)Math.Clamp(_activationBytes / call.BytesFor(network.Forward(1, input.Shape.Batch, size, masked).Plan), 1, input.Shape.Batch);
        most = Chunks.Count(input.Shape.Batch, Chunks.Count(input.Shape.Batch, most));
        for (var first = 0; first < input.Shape.Batch; first += most)
        {
            var part = input.Slice(first, Math.Min(most, input.Shape.Batch - first));
            var (plan, weights) = network.Forward(part.Shape.Batch, input.Shape.Batch, size, masked);
            var arena = _arenas.Rent(call.BytesFor(plan));
            try
            {
                var length = output.Length / input.Shape.Batch;
                Run(weights, plan, call, arena, part, first, dropoutSeed ?? 0, output.Slice(first * length, part.Shape.Batch * length));
            }
            finally
            {
                _arenas.Return(arena);
            }
        }

        _idle.Push(call);
    }

    /// <summary>Gives back what was made for a buffer that goes.</summary>
    internal void Forget(CpuBuffer buffer)
    {
        lock (Gate)
        {
            if (_networks.Remove(buffer, out var network))
            {
                network.Dispose();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (Gate)
        {
            IsDisposed = true;
            _parameters.Dispose();
            _gradients.Dispose();
            foreach (var network in _networks.Values)
            {
                network.Dispose();
            }

            _networks.Clear();
            _arenas.Dispose();
        }
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(IsDisposed, typeof(ITrainableUNet));

    private static ImageSize SizeOf(UNetInput input) => new(input.Shape.Height, input.Shape.Width);

    private void Check(UNetInput input, int output) => ForwardArguments.ThrowIfInvalid(Description, input, output);

    private Call TakeCall() => _idle.TryPop(out var call) ? call : new Call(_pool, _threads);

    private BufferNetwork NetworkOver(CpuBuffer buffer)
    {
        if (!_networks.TryGetValue(buffer, out var network))
        {
            _networks.Add(buffer, network = new(Description, _nominalSize, buffer, _places, _threads));
        }

        return network;
    }

    private void Run(
        BufferNetwork.Packed weights, Plan plan, Call call, NativeBuffer arena, UNetInput input, int firstImage, long seed, Span<float> output)
    {
        fixed (float* sample = input.Sample, timesteps = input.Timesteps, augmentation = input.AugmentLabels, result = output)
        fixed (int* labels = input.ClassLabels)
        {
            call.Sample = sample;
            call.Timesteps = timesteps;
            call.Labels = labels;
            call.AugmentLabels = augmentation;
            call.Output = result;
            call.TimestepStride = input.Timesteps.Length > 1 ? 1 : 0;
            (call.FirstImage, call.DropoutSeed) = (firstImage, seed);
            call.Use(plan, arena);
            _pool.Enter(call.Region, CancellationToken.None);
            try
            {
                weights.Refresh(call.Region);
                plan.Run(call, CancellationToken.None);
            }
            finally
            {
                _pool.Leave(call.Region);
            }
        }
    }

    private void RunBack(Plan plan, Call call, ReadOnlySpan<float> outputGradient, Span<float> inputGradient)
    {
        fixed (float* gradient = outputGradient, input = inputGradient)
        {
            call.OutputGradient = gradient;
            call.InputGradient = input;
            call.Gradients = new(_gradients.Pointer, _places);
            _gradients.Changed();
            _pool.Enter(call.Region, CancellationToken.None);
            try
            {
                plan.RunBack(call);
            }
            finally
            {
                _pool.Leave(call.Region);
            }
        }
    }

    private sealed class Pass(CpuTrainableUNet owner, Plan plan, Call call, NativeBuffer arena, (int Output, int Input) lengths, long version) : ITrainingPass
    {
        private NativeBuffer? _arena = arena;
        private bool _followed;
        private bool _disposed;

        public void Backward(ReadOnlySpan<float> outputGradient, Span<float> inputGradient = default)
        {
            lock (owner.Gate)
            {
                LockedBackward(outputGradient, inputGradient);
            }
        }

        private void LockedBackward(ReadOnlySpan<float> outputGradient, Span<float> inputGradient)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            owner.ThrowIfDisposed();
            if (_followed)
            {
                throw new InvalidOperationException("The pass was followed back already.");
            }

            if (version != owner._parameters.Version)
            {
                throw new InvalidOperationException("The parameters have changed since the pass.");
            }

            if (outputGradient.Length != lengths.Output)
            {
                throw new ArgumentException($"The gradient has {outputGradient.Length} values; the output has {lengths.Output}.", nameof(outputGradient));
            }

            ForwardArguments.ThrowIfInputGradient(inputGradient.Length, lengths.Input);
            _followed = true;
            owner.RunBack(plan, call, outputGradient, inputGradient);
            GiveBack();
        }

        public void Dispose()
        {
            lock (owner.Gate)
            {
                _disposed = true;
                GiveBack();
            }
        }

        private void GiveBack()
        {
            if (_arena is { } used)
            {
                _arena = null;
                owner._arenas.Return(used);
                owner._idle.Push(call);
            }
        }
    }
}
