using System.Collections.Concurrent;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Server.Tests.Batching;

/// <summary>A network that writes down its calls, and waits in each until it is let go.</summary>
internal sealed class FakeUNet(bool held = false) : IUNet
{
    private readonly SemaphoreSlim _go = new(held ? 0 : int.MaxValue);
    private readonly Lock _gate = new();
    private int _now;

    /// <summary>Batch and height of each call.</summary>
    public ConcurrentQueue<(int Batch, int Height, float[] Timesteps)> Calls { get; } = new();

    /// <summary>Released at the beginning of each call.</summary>
    public SemaphoreSlim Entered { get; } = new(0);

    /// <summary>Most calls that were under way at once.</summary>
    public int MostAtOnce { get; private set; }

    /// <summary>What the next calls throw.</summary>
    public Exception? Failure { get; set; }

    public bool IsDisposed { get; private set; }

    public UNet2DConfig Config { get; } = UNet2DConfig.FromJson(
        """{"_class_name":"UNet2DModel","sample_size":8,"in_channels":1,"out_channels":1,"block_out_channels":[32],"layers_per_block":1,"down_block_types":["ResnetDownsampleBlock2D"],"up_block_types":["ResnetUpsampleBlock2D"],"num_class_embeds":10,"norm_num_groups":32}""",
        "fake");

    /// <summary>Lets calls go.</summary>
    public void Go(int calls = 1) => _go.Release(calls);

    public void Forward(
        ReadOnlySpan<float> sample, ImageShape shape, ReadOnlySpan<float> timesteps, ReadOnlySpan<int> classLabels, Span<float> output, CancellationToken cancellationToken = default)
    {
        Count(1);
        Calls.Enqueue((shape.Batch, shape.Height, timesteps.ToArray()));
        Entered.Release();
        try
        {
            _go.Wait(cancellationToken);
        }
        finally
        {
            Count(-1);
        }

        if (Failure is { } failure)
        {
            throw failure;
        }

        for (var image = 0; image < shape.Batch; image++)
        {
            for (var i = 0; i < shape.ImageLength; i++)
            {
                var at = (image * shape.ImageLength) + i;
                output[at] = sample[at] + (1000 * timesteps[timesteps.Length == 1 ? 0 : image]) + (100_000 * classLabels[image]);
            }
        }
    }

    public void Dispose() => IsDisposed = true;

    private void Count(int change)
    {
        lock (_gate)
        {
            _now += change;
            MostAtOnce = Math.Max(MostAtOnce, _now);
        }
    }
}
