using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cpu.Planning;

/// <summary>
/// The time embedding, and what every residual block makes of it. It depends on no pixel, so all blocks' projections are one
/// matrix product at the start of a call.
/// </summary>
internal sealed class TimeProjection
{
    private readonly Dictionary<string, int> _offsets = new(StringComparer.Ordinal);
    private readonly Feature _projected;

    private TimeProjection(IReadOnlyList<ResnetDescription> resnets, bool scaleShift, int batch)
    {
        var width = 0;
        foreach (var resnet in resnets)
        {
            _offsets.Add(resnet.Name, width);
            width += ChannelLayout.Pad(resnet.OutChannels) * (scaleShift ? 2 : 1);
        }

        _projected = new Feature(batch, 1, 1, new ChannelLayout(width));
    }

    /// <summary>Adds the steps that compute it.</summary>
    public static TimeProjection Plan(UNet2DDescription network, LayerWeights weights, int batch, Action<Step> add)
    {
        var config = network.Config;
        var resnets = Resnets(network);
        var scaleShift = config.ResnetTimeScaleShift == "scale_shift";
        var fourier = config.TimeEmbeddingType == "fourier";
        var time = new TimeProjection(resnets, scaleShift, batch);
        var first = config.BlockOutChannels[0];
        var features = new Feature(batch, 1, 1, new ChannelLayout(fourier ? 2 * first : first));
        var hidden = new Feature(batch, 1, 1, new ChannelLayout(config.TimeEmbeddingWidth));
        var embedding = new Feature(batch, 1, 1, new ChannelLayout(config.TimeEmbeddingWidth));
        add(new TimestepStep(config, features, fourier ? weights.Vector("time_proj.weight", new ChannelLayout(first)) : null, batch));
        add(Linear(weights, "time_embedding.linear_1", features, hidden, silu: true));
        add(Linear(weights, "time_embedding.linear_2", hidden, embedding, silu: false));
        add(new ClassStep(embedding, config.NumClassEmbeds is { } classes ? weights.Table("class_embedding.weight", classes, embedding.Layout) : null, batch));
        add(new LinearStep(new LinearSpec
        {
            Inputs = [embedding],
            Output = time._projected,
            Weights = weights.TimeProjections(resnets, embedding.Layout, scaleShift),
            Bias = weights.TimeBiases(resnets, scaleShift),
        }));
        return time;
    }

    /// <summary>The columns of one residual block.</summary>
    public TimeColumns ColumnsOf(ResnetDescription resnet) => new(_projected.Slot, _projected.Stride, _offsets[resnet.Name]);

    private static LinearStep Linear(LayerWeights weights, string name, Feature input, Feature output, bool silu) =>
        new(new LinearSpec
        {
            Inputs = [input],
            Output = output,
            Weights = weights.Linear([name], input.Layout, output.Layout.Channels),
            Bias = weights.Bias(name, output.Layout.Channels),
            SiLU = silu,
        });

    private static List<ResnetDescription> Resnets(UNet2DDescription network)
    {
        var blocks = network.DownBlocks.Concat(network.MidBlock is { } middle ? [middle] : []).Concat(network.UpBlocks);
        return [.. blocks.SelectMany(block => block.Resample?.Resnet is { } resampler ? block.Resnets.Append(resampler) : block.Resnets)];
    }
}
