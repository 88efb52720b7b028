using ConsistencyModels.Networks;

namespace ConsistencyModels.Tests.Networks;

/// <summary>
/// A network that is arithmetic on one pixel at a time, so that tests run in no time and every image's result depends on
/// nothing but its own pixels, timestep and label. Counts its calls; can be told to break.
/// </summary>
internal sealed class PointwiseUNet(UNet2DConfig config) : IUNet
{
    private readonly Lock _lock = new();
    private readonly List<Call> _calls = [];

    public UNet2DConfig Config { get; } = config;

    public bool Disposed { get; private set; }

    /// <summary>Called with the output of every pass before it is handed back.</summary>
    public PassHook? AfterPass { get; init; }

    public IReadOnlyList<Call> Calls
    {
        get
        {
            lock (_lock)
            {
                return [.. _calls];
            }
        }
    }

    public static UNet2DConfig SmallConfig(int? classes = null, int channels = 3, int size = 8) => new()
    {
        SampleSize = new ImageSize(size, size),
        InChannels = channels,
        OutChannels = channels,
        BlockOutChannels = [32, 32],
        DownBlockTypes = ["DownBlock2D", "DownBlock2D"],
        UpBlockTypes = ["UpBlock2D", "UpBlock2D"],
        NumClassEmbeds = classes,
    };

    public static float Pixel(float x, float timestep, int label) =>
        MathF.Tanh((0.8f * x) + (timestep * 1e-4f) + (0.1f * label)) - (0.05f * x);

    public void Forward(
        ReadOnlySpan<float> sample,
        ImageShape shape,
        ReadOnlySpan<float> timesteps,
        ReadOnlySpan<int> classLabels,
        Span<float> output,
        CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(Disposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        Assert.Equal(shape.Length, sample.Length);
        Assert.Equal(shape.Length, output.Length);
        Assert.True(timesteps.Length == 1 || timesteps.Length == shape.Batch);
        Assert.Equal(Config.NumClassEmbeds is null ? 0 : shape.Batch, classLabels.Length);
        int call;
        lock (_lock)
        {
            call = _calls.Count;
            _calls.Add(new(shape, timesteps.ToArray(), classLabels.ToArray()));
        }

        for (var i = 0; i < sample.Length; i++)
        {
            var image = i / shape.ImageLength;
            output[i] = Pixel(sample[i], timesteps[timesteps.Length == 1 ? 0 : image], classLabels.IsEmpty ? 0 : classLabels[image]);
        }

        AfterPass?.Invoke(call, shape, output);
    }

    public void Dispose() => Disposed = true;

    internal sealed record Call(ImageShape Shape, float[] Timesteps, int[] Labels);

    internal delegate void PassHook(int call, ImageShape shape, Span<float> output);
}
