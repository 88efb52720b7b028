using ConsistencyModels.Cpu.Kernels;

namespace ConsistencyModels.Cpu.Packing;

/// <summary>
/// How channels lie in memory: in segments (one for a plain feature, two where a skip connection is concatenated), each
/// padded with zeros to a multiple of 16, so that kernels see whole vectors only. The padding's weights are zero too.
/// </summary>
internal sealed class ChannelLayout
{
    private readonly int[] _segments;

    // Made when first asked for: most layouts of a plan never are. Two threads may both make one, which are equal.
    private int[]? _logical;
    private int[]? _places;

    /// <summary>Channels of each segment.</summary>
    public ChannelLayout(params ReadOnlySpan<int> segments)
    {
        _segments = segments.ToArray();
        foreach (var channels in segments)
        {
            Channels += channels;
            Padded += Pad(channels);
        }
    }

    /// <summary>Channels without padding.</summary>
    public int Channels { get; }

    /// <summary>Channels with padding.</summary>
    public int Padded { get; }

    /// <summary>For each channel in memory the one it is, or -1 for padding.</summary>
    public ReadOnlySpan<int> Logical => _logical ??= MakeLogical();

    /// <summary>For each channel where it is in memory.</summary>
    public ReadOnlySpan<int> Places => _places ??= MakePlaces();

    /// <summary>The next multiple of 16.</summary>
    public static int Pad(int channels) => (channels + Gemm.PanelWidth - 1) / Gemm.PanelWidth * Gemm.PanelWidth;

    /// <summary>The segments, as text: it says all about the layout.</summary>
    public override string ToString() => string.Join('+', _segments);

    private int[] MakeLogical()
    {
        var logical = new int[Padded];
        logical.AsSpan().Fill(-1);
        var places = Places;
        for (var channel = 0; channel < places.Length; channel++)
        {
            logical[places[channel]] = channel;
        }

        return logical;
    }

    private int[] MakePlaces()
    {
        var places = new int[Channels];
        var (channel, start) = (0, 0);
        foreach (var channels in _segments)
        {
            for (var i = 0; i < channels; i++)
            {
                places[channel++] = start + i;
            }

            start += Pad(channels);
        }

        return places;
    }
}
