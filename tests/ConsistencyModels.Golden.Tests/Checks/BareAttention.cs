using System.Globalization;
using System.Text.RegularExpressions;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>
/// openai's attention alone: queries, keys and values in, [N, 3·C, L] in the order (three, head, dim), and what the heads make of
/// them. A real engine has no attention alone, so a network is built around one whose other layers hand on what they are given:
/// its images are the queries, keys and values, as channels of as many pixels as the sequence is long.
/// </summary>
internal static partial class BareAttention
{
    private const double Tolerance = 2e-5;
    private const double Epsilon = 1e-5;

    // SiLU hands on what is far above 0: here it adds less than float32 sees.
    private const float AboveZero = 24;

    internal static void Check(GoldenCase golden, INetworkEngine engine)
    {
        var heads = Heads().Match(golden.WordsAbout("qkv"));
        Assert.True(heads.Success, "The case does not tell the heads.");
        var (batch, rows, length) = (golden.Shape("qkv")[0], golden.Shape("qkv")[1], golden.Shape("qkv")[2]);
        var headDim = int.Parse(heads.Groups["size"].Value, CultureInfo.InvariantCulture);
        Assert.Equal(rows, 3 * headDim * int.Parse(heads.Groups["count"].Value, CultureInfo.InvariantCulture));

        var qkv = golden.Floats("qkv");
        foreach (var name in new[] { "attn_flash", "attn_legacy_fp32" })
        {
            var expected = golden.Floats(name);
            for (var image = 0; image < batch; image++)
            {
                var input = qkv.AsSpan(image * rows * length, rows * length).ToArray();
                var heard = expected.AsSpan(image * rows / 3 * length, rows / 3 * length).ToArray();
                Near.Equal(heard, Run(engine, input, heard, rows, length, headDim), 0, Tolerance, $"{engine.Name}: {name}, image {image}");
            }
        }
    }

    private static float[] Run(INetworkEngine engine, float[] input, float[] expected, int rows, int length, int headDim)
    {
        var height = Enumerable.Range(1, (int)Math.Sqrt(length)).Last(side => length % side == 0);
        var shape = new ImageShape(1, rows, height, length / height);
        UNet2DConfig config = new()
        {
            InChannels = rows,
            OutChannels = rows / 3,
            SampleSize = new ImageSize(shape.Height, shape.Width),
            BlockOutChannels = [rows],
            LayersPerBlock = 1,
            DownBlockTypes = ["AttnDownBlock2D"],
            MidBlockType = null,
            UpBlockTypes = ["UpBlock2D"],
            AttentionHeadDim = headDim,
            NormNumGroups = rows / headDim,
            NormEps = Epsilon,
        };

        // The residual around the attention: queries plus what the heads made of them, then keys and values as they were.
        float[] after = [.. input];
        for (var i = 0; i < expected.Length; i++)
        {
            after[i] += expected[i];
        }

        using var weights = Weights(config, input, after, length);
        using var network = engine.Load(config, weights, new EngineOptions());
        var output = new float[expected.Length];
        network.Forward(input, shape, [0], [], output, TestContext.Current.CancellationToken);
        return [.. output.Select((value, i) => value - input[i])];
    }

    private static MemoryTensors Weights(UNet2DConfig config, float[] before, float[] after, int length)
    {
        var channels = config.InChannels;
        var third = channels / 3;
        var weights = new MemoryTensors(UNet2DDescription.Of(config).Parameters.Select(parameter => (parameter.Name, parameter.Shape)));
        weights.Center("conv_in.weight", channels);

        // Residual blocks add nothing; on the way up the shortcut drops the skip connection.
        foreach (var shortcut in weights.Tensors.Keys.Where(name => name.EndsWith("conv_shortcut.weight", StringComparison.Ordinal)).ToList())
        {
            weights.Center(shortcut, channels);
        }

        // Of the attention's three times as many heads the first third hears the queries; the others hear nothing and say nothing.
        const string Attention = "down_blocks.0.attentions.0";
        for (var i = 0; i < third; i++)
        {
            weights[$"{Attention}.to_q.weight"][(i * channels) + i] = 1;
            weights[$"{Attention}.to_k.weight"][(i * channels) + third + i] = 1;
            weights[$"{Attention}.to_v.weight"][(i * channels) + (2 * third) + i] = 1;
            weights[$"{Attention}.to_out.0.weight"][(i * channels) + i] = 1;
        }

        Undo(weights, $"{Attention}.group_norm", before, config.NormNumGroups, length, 0);
        Undo(weights, "conv_norm_out", after, config.NormNumGroups, length, AboveZero);
        weights.Center("conv_out.weight", third);
        weights["conv_out.bias"].AsSpan().Fill(-AboveZero);
        return weights;
    }

    // A normalization whose scale and shift give back what it took away from these values, and a number more.
    private static void Undo(MemoryTensors weights, string name, float[] values, int groups, int length, float plus)
    {
        var channels = values.Length / length;
        for (var group = 0; group < groups; group++)
        {
            var members = values.AsSpan(group * channels / groups * length, channels / groups * length).ToArray();
            var mean = members.Average(value => (double)value);
            var deviation = Math.Sqrt(members.Average(value => (value - mean) * (value - mean)) + Epsilon);
            weights[$"{name}.weight"].AsSpan(group * channels / groups, channels / groups).Fill((float)deviation);
            weights[$"{name}.bias"].AsSpan(group * channels / groups, channels / groups).Fill((float)mean + plus);
        }
    }

    [GeneratedRegex(@"(?<count>\d+) heads? of (?<size>\d+)")]
    private static partial Regex Heads();
}
