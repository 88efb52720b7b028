using ConsistencyModels.Golden.Tests.Training;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Golden.Tests;

/// <summary><see cref="TwoParameterNetwork"/> as samplers see a network: on plain memory, with timesteps of 250 ln σ.</summary>
internal sealed class TwoParameterUNet(ImageShape shape) : IUNet
{
    public UNet2DConfig Config { get; } = new()
    {
        InChannels = shape.Channels,
        OutChannels = shape.Channels,

        // One level: sizes need not be even.
        BlockOutChannels = [32],
        DownBlockTypes = ["DownBlock2D"],
        UpBlockTypes = ["UpBlock2D"],
    };

    public void Forward(
        ReadOnlySpan<float> sample,
        ImageShape size,
        ReadOnlySpan<float> timesteps,
        ReadOnlySpan<int> classLabels,
        Span<float> output,
        CancellationToken cancellationToken = default)
    {
        for (var i = 0; i < sample.Length; i++)
        {
            var column = i % size.Width;
            var mirrored = sample[i - column + size.Width - 1 - column];
            var noise = timesteps[i / size.ImageLength] / 1000;
            output[i] = (TwoParameterNetwork.A * MathF.Tanh(1.3f * sample[i])) + (TwoParameterNetwork.B * MathF.Cos(3 * noise)) + (0.1f * mirrored);
        }
    }

    public void Dispose()
    {
    }
}
