using ConsistencyModels.Networks;

namespace ConsistencyModels.Testing;

/// <summary>
/// The network of <see cref="DenoiserContract"/>: arithmetic on a pixel and its mirror image in the row, so that it takes no time
/// and yet is not the same in every window. Every image of one label breaks it, in one pixel.
/// </summary>
internal sealed class ContractUNet(int? classes = ContractUNet.Classes) : IUNet
{
    public const int Classes = 7;
    public const int Channels = 3;

    private int _calls;

    public UNet2DConfig Config { get; } = new()
    {
        InChannels = Channels,
        OutChannels = Channels,
        BlockOutChannels = [32, 32],
        DownBlockTypes = ["DownBlock2D", "DownBlock2D"],
        UpBlockTypes = ["UpBlock2D", "UpBlock2D"],
        NumClassEmbeds = classes,
    };

    /// <summary>How often it was called.</summary>
    public int Calls => Volatile.Read(ref _calls);

    /// <summary>The label that breaks it; null for none.</summary>
    public int? Breaks { get; init; }

    /// <summary>What it then gives.</summary>
    public float Broken { get; init; } = float.NaN;

    /// <summary>Done in every call.</summary>
    public Action? During { get; set; }

    public void Forward(
        ReadOnlySpan<float> sample,
        ImageShape shape,
        ReadOnlySpan<float> timesteps,
        ReadOnlySpan<int> classLabels,
        Span<float> output,
        CancellationToken cancellationToken = default)
    {
        ForwardArguments.ThrowIfInvalid(Config, sample.Length, shape, timesteps.Length, classLabels, output.Length);
        cancellationToken.ThrowIfCancellationRequested();
        Interlocked.Increment(ref _calls);
        During?.Invoke();
        for (var i = 0; i < sample.Length; i++)
        {
            var image = i / shape.ImageLength;
            var column = i % shape.Width;
            var mirrored = sample[i - column + shape.Width - 1 - column];
            var label = classLabels.IsEmpty ? 0 : classLabels[image];
            output[i] = MathF.Tanh((0.8f * sample[i]) + (1e-4f * timesteps[timesteps.Length == 1 ? 0 : image]) + (0.1f * label)) + (0.1f * mirrored);
            if (label == Breaks && i % shape.ImageLength == shape.ImageLength - 1)
            {
                output[i] = Broken;
            }
        }
    }

    public void Dispose()
    {
    }
}
