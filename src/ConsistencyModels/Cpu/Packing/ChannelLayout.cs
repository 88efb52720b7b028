using ConsistencyModels.Cpu.Kernels;

namespace ConsistencyModels.Cpu.Packing;

/// <summary>
/// How channels lie in memory: in segments (one for a plain feature, two where a skip connection is concatenated), each
/// padded with zeros to a multiple of 16, so that kernels see whole vectors only. The padding's weights are zero too.
/// </summary>
internal sealed class ChannelLayout
{
    private readonly int[] _logical;
    private readonly string _segments;

    /// <summary>Channels of each segment.</summary>
    public ChannelLayout(params ReadOnlySpan<int> segments)
    {
        var logical = new List<int>();
        foreach (var channels in segments)
        {
            logical.AddRange(Enumerable.Range(Channels, channels));
            logical.AddRange(Enumerable.Repeat(-1, Pad(channels) - channels));
            Channels += channels;
        }

        _logical = [.. logical];
        _segments = string.Join('+', segments.ToArray());
    }

    /// <summary>The segments, as text: it says all about the layout.</summary>
    public override string ToString() => _segments;

    /// <summary>Channels without padding.</summary>
    public int Channels { get; }

    /// <summary>Channels with padding.</summary>
    public int Padded => _logical.Length;

    /// <summary>For each channel in memory the one it is, or -1 for padding.</summary>
    public ReadOnlySpan<int> Logical => _logical;

    /// <summary>The next multiple of 16.</summary>
    public static int Pad(int channels) => (channels + Gemm.PanelWidth - 1) / Gemm.PanelWidth * Gemm.PanelWidth;
}
