using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cpu.Planning;

/// <summary>Timesteps to features: sinusoids (diffusers' Timesteps) or fixed random frequencies (GaussianFourierProjection).</summary>
internal sealed unsafe class TimestepStep : Step
{
    private readonly Feature _output;
    private readonly PackedVector? _fourier;
    private readonly float[] _frequencies;
    private readonly bool _cosinesFirst;
    private readonly int _batch;

    /// <summary>Plans the step.</summary>
    /// <param name="embedding">Says which features.</param>
    /// <param name="output">[N, 1, 1, features].</param>
    /// <param name="fourier">The fixed frequencies, or null for sinusoids.</param>
    /// <param name="batch">Images.</param>
    public TimestepStep(TimeEmbeddingOperation embedding, Feature output, PackedVector? fourier, int batch)
    {
        _output = output;
        _fourier = fourier;
        _batch = batch;
        _cosinesFirst = embedding.CosinesFirst;
        _frequencies = [.. embedding.Frequencies];
    }

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots => [_output.Slot];

    /// <inheritdoc/>
    public override void Run(Call call)
    {
        // Too little for more than one thread.
        for (var image = 0; image < _batch; image++)
        {
            Chunk(call, 0, image, 0);
        }
    }

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        var features = call.At(_output.Slot) + ((long)chunk * _output.Stride);
        var timestep = call.Timesteps[chunk * call.TimestepStride];
        var count = _fourier is null ? _frequencies.Length : _output.Layout.Channels / 2;
        new Span<float>(features, _output.Stride).Clear();
        var logarithm = MathF.Log(timestep);
        for (var i = 0; i < count; i++)
        {
            var phase32 = _fourier is null ? timestep * _frequencies[i] : logarithm * _fourier.Values[i] * (float)(2 * Math.PI);
            var (sine, cosine) = MathF.SinCos(phase32);
            features[i] = _cosinesFirst ? cosine : sine;
            features[count + i] = _cosinesFirst ? sine : cosine;
        }
    }
}

/// <summary>SiLU of an embedding, to which a class's vector is added before, if there are classes.</summary>
internal sealed unsafe class ActivationStep(ActivationSpec spec, int batch) : Step
{
    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots => [spec.Input.Slot, spec.Output.Slot];

    /// <inheritdoc/>
    public override void Run(Call call) => call.For(this, 0, batch);

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        var x = call.At(spec.Input.Slot) + ((long)chunk * spec.Input.Stride);
        var y = call.At(spec.Output.Slot) + ((long)chunk * spec.Input.Stride);
        var added = spec.Classes is null ? null : spec.Classes.Row(call.Labels[chunk]);
        for (var i = 0; i < spec.Input.Stride; i += Floats128.Count)
        {
            var value = Floats128.Load(x + i);
            Floats128.Store(VectorMath.SiLU(added is null ? value : value + Floats128.Load(added + i)), y + i);
        }
    }
}

/// <summary>What an <see cref="ActivationStep"/> does.</summary>
/// <param name="Input">The embedding.</param>
/// <param name="Output">The result; may be the input.</param>
/// <param name="Classes">A vector for each class, or null.</param>
internal sealed record ActivationSpec(Feature Input, Feature Output, PackedTable? Classes = null);

/// <summary>Adds to embeddings what the call's augmentation labels are projected to; nothing if it has none.</summary>
internal sealed unsafe class AugmentStep(AugmentSpec spec) : Step
{
    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots => [spec.Embedding.Slot];

    /// <inheritdoc/>
    public override void Run(Call call)
    {
        if (call.AugmentLabels is not null)
        {
            call.For(this, 0, spec.Embedding.Batch);
        }
    }

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        var labels = spec.Weights.Depth;
        spec.Weights.Multiply(
            call.AugmentLabels + ((long)chunk * labels), labels, 0, labels, 0, spec.Weights.Panels,
            call.At(spec.Embedding.Slot) + ((long)chunk * spec.Embedding.Stride), spec.Embedding.Stride, 1, accumulate: true);
    }
}

/// <summary>What an <see cref="AugmentStep"/> does.</summary>
/// <param name="Embedding">What is added to.</param>
/// <param name="Weights">A row for each label.</param>
internal sealed record AugmentSpec(Feature Embedding, PackedMatrix Weights);

/// <summary>
/// What every residual block makes of the time embedding. It depends on no pixel, so all blocks' projections are one matrix
/// product at the start of a call.
/// </summary>
internal sealed class TimeProjection
{
    private readonly ResnetOperation[] _resnets;
    private readonly LayerWeights _weights;
    private readonly Dictionary<ResnetOperation, int> _offsets = [];
    private readonly Feature _projected;

    /// <summary>Lays their columns side by side.</summary>
    /// <param name="resnets">All residual blocks, in the order of execution.</param>
    /// <param name="weights">The network's packed weights.</param>
    /// <param name="batch">Images.</param>
    public TimeProjection(ResnetOperation[] resnets, LayerWeights weights, int batch)
    {
        (_resnets, _weights) = (resnets, weights);
        var width = 0;
        foreach (var resnet in resnets)
        {
            _offsets.Add(resnet, width);
            width += LayerWeights.TimeColumns(resnet).Padded;
        }

        _projected = new Feature(batch, 1, 1, weights.Layout(width));
    }

    /// <summary>The layer that computes them.</summary>
    public LinearSpec Project(Feature activatedEmbedding) => new()
    {
        Inputs = [activatedEmbedding],
        Output = _projected,
        Weights = _weights.TimeProjections(_resnets, activatedEmbedding.Layout),
        Bias = _weights.TimeBiases(_resnets),
    };

    /// <summary>The columns of one residual block.</summary>
    public TimeColumns ColumnsOf(ResnetOperation resnet) => new(_projected, _offsets[resnet]);
}
