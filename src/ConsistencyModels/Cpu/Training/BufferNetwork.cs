using ConsistencyModels.Cpu.Backward;
using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Cpu.Planning;
using ConsistencyModels.Cpu.Threading;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cpu.Training;

/// <summary>A network over the parameters in a buffer: their packed form, made when they have changed and are used, and plans.</summary>
internal sealed class BufferNetwork : IDisposable
{
    // In training a large batch has convolutions that suit it; what is drawn must not depend on the batch it is in.
    private const int LargeBatch = 8;

    private readonly Packed _forOne;
    private readonly Packed _forMany;
    private readonly PlanCache _drawing;
    private readonly PlanCache _maskedFew;
    private readonly PlanCache _maskedMany;
    private readonly PlanCache _learning;

    /// <summary>Packs nothing yet.</summary>
    public BufferNetwork(
        UNet2DDescription description, ImageSize nominalSize, CpuBuffer buffer, IReadOnlyDictionary<string, long> places, int threads)
    {
        (_forOne, _forMany) = (new(buffer, places, 1), new(buffer, places, LargeBatch));
        _drawing = new PlanCache((batch, size) => PlanBuilder.Build(description, Chosen(_forOne), batch, size, threads));
        _maskedFew = new PlanCache((batch, size) => Masked(_forOne, batch, size));
        _maskedMany = new PlanCache((batch, size) => Masked(_forMany, batch, size));
        _learning = new PlanCache((batch, size) => BackwardBuilder.Build(description, Chosen(For(batch)), batch, size, threads));

        Plan Masked(Packed weights, int batch, ImageSize size) => new(PlanBuilder.Steps(description, Chosen(weights), batch, size, threads, dropout: true, tape: null));

        // As in an engine that loads the parameters, the nominal size says which algorithm suits each layer, whatever is asked for first.
        LayerWeights Chosen(Packed weights)
        {
            if (weights.IsEmpty)
            {
                _ = PlanBuilder.Build(description, weights.Layers, 1, nominalSize, threads);
            }

            return weights.Layers;
        }
    }

    /// <summary>What a step of training takes: packed parameters, and the plan that says how large its arena is.</summary>
    /// <param name="description">The network.</param>
    /// <param name="nominalSize">The size that decides how layers are computed.</param>
    /// <param name="batch">Images.</param>
    /// <param name="size">Their size.</param>
    /// <param name="threads">Threads.</param>
    public static (long PackedBytes, Plan Plan) StepOf(UNet2DDescription description, ImageSize nominalSize, int batch, ImageSize size, int threads)
    {
        var packed = new PackedWeights { Half = false };
        var layers = new LayerWeights(packed) { Images = batch < LargeBatch ? 1 : LargeBatch };
        _ = PlanBuilder.Build(description, layers, 1, nominalSize, threads);
        var plan = BackwardBuilder.Build(description, layers, batch, size, threads);
        return (packed.Bytes, plan);
    }

    /// <summary>A forward pass without a way back.</summary>
    /// <param name="batch">Images.</param>
    /// <param name="whole">Images of the batch that they are a part of: in training it says which convolutions suit, however it is cut.</param>
    /// <param name="size">Their size.</param>
    /// <param name="masked">Whether there is dropout, as in training.</param>
    public (Plan Plan, Packed Weights) Forward(int batch, int whole, ImageSize size, bool masked) =>
        !masked ? (_drawing.Get(batch, size), _forOne)
        : whole < LargeBatch ? (_maskedFew.Get(batch, size), _forOne)
        : (_maskedMany.Get(batch, size), _forMany);

    /// <summary>A forward pass with dropout and a way back.</summary>
    public (Plan Plan, Packed Weights) Learning(int batch, ImageSize size) => (_learning.Get(batch, size), For(batch));

    /// <summary>Frees the packed forms.</summary>
    public void Dispose()
    {
        _forOne.Dispose();
        _forMany.Dispose();
    }

    private Packed For(int batch) => batch < LargeBatch ? _forOne : _forMany;

    /// <summary>One packed form of the buffer.</summary>
    internal sealed unsafe class Packed(CpuBuffer buffer, IReadOnlyDictionary<string, long> places, int images) : IDisposable
    {
        private readonly LiveWeights _weights = new(places);
        private LayerWeights? _layers;
        private long _version = -1;

        /// <summary>Whether no plan has asked for any of it.</summary>
        public bool IsEmpty => !_weights.HasNew && _version < 0;

        /// <summary>For those who plan layers.</summary>
        public LayerWeights Layers => _layers ??= new(_weights) { Images = images };

        /// <summary>Packs what is new or has changed; the region's caller has entered the pool.</summary>
        public void Refresh(WorkRegion region)
        {
            var changed = _version != buffer.Version;
            if (changed || _weights.HasNew)
            {
                _weights.Refresh(buffer.Pointer, region, changed);
                _version = buffer.Version;
            }
        }

        /// <summary>Frees the memory.</summary>
        public void Dispose() => _weights.Dispose();
    }
}
