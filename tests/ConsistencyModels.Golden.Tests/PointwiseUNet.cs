using ConsistencyModels.Networks;

namespace ConsistencyModels.Golden.Tests;

/// <summary>The recorded cases' fake network: F(x, t) = 0.8 tanh(1.3 x) + 0.2 cos(t / 50) + 0.1 x mirrored, of any size.</summary>
internal sealed class PointwiseUNet(int channels) : IUNet
{
    private const string Formula = "F(x, t) = 0.8*tanh(1.3*x) + 0.2*cos(t/50) + 0.1*flip(x, width axis)";

    /// <summary>The network that a case describes, which has to be this one.</summary>
    internal static PointwiseUNet In(string words, int channels)
    {
        Assert.Contains(Formula, words, StringComparison.Ordinal);
        return new(channels);
    }

    public UNet2DConfig Config { get; } = new()
    {
        InChannels = channels,
        OutChannels = channels,

        // One level: sizes need not be even.
        BlockOutChannels = [32],
        DownBlockTypes = ["DownBlock2D"],
        UpBlockTypes = ["UpBlock2D"],
    };

    public void Forward(
        ReadOnlySpan<float> sample,
        ImageShape shape,
        ReadOnlySpan<float> timesteps,
        ReadOnlySpan<int> classLabels,
        Span<float> output,
        CancellationToken cancellationToken = default)
    {
        for (var i = 0; i < sample.Length; i++)
        {
            var column = i % shape.Width;
            var mirrored = sample[i - column + shape.Width - 1 - column];
            var timestep = timesteps[timesteps.Length == 1 ? 0 : i / shape.ImageLength];
            output[i] = (0.8f * MathF.Tanh(1.3f * sample[i])) + (0.2f * MathF.Cos(timestep / 50)) + (0.1f * mirrored);
        }
    }

    public void Dispose()
    {
    }
}
