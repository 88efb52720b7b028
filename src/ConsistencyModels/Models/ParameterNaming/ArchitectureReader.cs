using System.Globalization;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;

namespace ConsistencyModels.Models.ParameterNaming;

/// <summary>Infers a network's architecture from the names and shapes of its tensors. What is asked is bounded by what is there.</summary>
internal sealed class ArchitectureReader(ITensorSource source)
{
    private const int MostLevels = 12;

    /// <summary>From openai's names.</summary>
    public Architecture OpenAi()
    {
        // As many blocks up as down: each level has its residual blocks and one more, which on the way down changes the size.
        var blocks = Count(i => $"output_blocks.{i}.0.in_layers.0.weight");
        int[] resampled = [.. Enumerable.Range(0, blocks).Where(i => Has($"output_blocks.{i}.1.in_layers.0.weight") || Has($"output_blocks.{i}.2.in_layers.0.weight")
            || Has($"output_blocks.{i}.1.conv.weight") || Has($"output_blocks.{i}.2.conv.weight"))];
        var levels = resampled.Length + 1;
        if (blocks == 0 || levels > MostLevels || blocks % levels != 0 || blocks / levels < 2)
        {
            throw Bad($"has {blocks} output_blocks on {levels} levels, expected the same number, at least two, on each of at most {MostLevels} levels");
        }

        var perLevel = blocks / levels;
        int[] first = [.. Enumerable.Range(0, levels).Select(level => 1 + (level * perLevel))];
        return new Architecture(
            Dimension("input_blocks.0.0.weight", 1),
            Dimension("out.2.weight", 0),
            [.. first.Select(index => Dimension($"input_blocks.{index}.0.out_layers.3.weight", 0))],
            [.. first.Select(index => Has($"input_blocks.{index}.1.qkv.weight"))],
            perLevel - 1,
            levels == 1 || !Has($"input_blocks.{perLevel}.0.op.weight"),
            IsScaleShift("input_blocks.1.0.emb_layers.1.weight", "input_blocks.1.0.out_layers.3.weight"),
            Has("label_emb.weight") ? Dimension("label_emb.weight", 0) : null);
    }

    /// <summary>From diffusers' names.</summary>
    public Architecture Diffusers()
    {
        var levels = Count(i => $"down_blocks.{i}.resnets.0.norm1.weight");
        if (levels is 0 or > MostLevels)
        {
            throw Bad($"has {levels} down_blocks, expected 1 to {MostLevels}");
        }

        return new Architecture(
            Dimension("conv_in.weight", 1),
            Dimension("conv_out.weight", 0),
            [.. Enumerable.Range(0, levels).Select(level => Dimension($"down_blocks.{level}.resnets.0.conv2.weight", 0))],
            [.. Enumerable.Range(0, levels).Select(level => Has($"down_blocks.{level}.attentions.0.group_norm.weight"))],
            Count(i => $"down_blocks.0.resnets.{i}.norm1.weight"),
            levels == 1 || Has("down_blocks.0.downsamplers.0.conv1.weight"),
            IsScaleShift("down_blocks.0.resnets.0.time_emb_proj.weight", "down_blocks.0.resnets.0.conv2.weight"),
            Has("class_embedding.weight") ? Dimension("class_embedding.weight", 0) : null);
    }

    private bool IsScaleShift(string embedding, string convolution) => Dimension(embedding, 0) != Dimension(convolution, 0);

    private int Count(Func<string, string> name)
    {
        var count = 0;
        while (Has(name(count.ToString(CultureInfo.InvariantCulture))))
        {
            count++;
        }

        return count;
    }

    private bool Has(string name) => source.Tensors.ContainsKey(name);

    private int Dimension(string name, int axis)
    {
        if (!source.Tensors.TryGetValue(name, out var info))
        {
            throw Bad($"has no tensor {Printable.Quote(name)}");
        }

        return info.Shape.Count > axis && info.Shape[axis] is > 0 and <= int.MaxValue
            ? (int)info.Shape[axis]
            : throw Bad($"has {Printable.Quote(name)} of shape {Printable.Shape(info.Shape)}, expected a size from 1 up in dimension {axis}");
    }

    private CheckpointException Bad(string what) => new($"{source.Origin}: the network cannot be recognised: it {what}");
}
