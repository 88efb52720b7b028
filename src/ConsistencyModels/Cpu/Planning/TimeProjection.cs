using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cpu.Planning;

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

    /// <summary>The step that computes them.</summary>
    public LinearStep Project(Feature activatedEmbedding) => new(new LinearSpec
    {
        Inputs = [activatedEmbedding],
        Output = _projected,
        Weights = _weights.TimeProjections(_resnets, activatedEmbedding.Layout),
        Bias = _weights.TimeBiases(_resnets),
    });

    /// <summary>The columns of one residual block.</summary>
    public TimeColumns ColumnsOf(ResnetOperation resnet) => new(_projected.Slot, _projected.Stride, _offsets[resnet]);
}
