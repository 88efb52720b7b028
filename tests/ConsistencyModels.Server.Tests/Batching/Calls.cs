using ConsistencyModels.Networks;
using ConsistencyModels.Server.Batching;

namespace ConsistencyModels.Server.Tests.Batching;

/// <summary>Calls of requests, each on a thread of its own, of which <see cref="FakeUNet"/> makes what can be told apart.</summary>
internal static class Calls
{
    /// <summary>Height and width of an image.</summary>
    public const int Side = 8;

    public static Task<float[]> Call(NetworkBatcher batcher, int images, int seed, int height = Side, CancellationToken cancellation = default) => Task.Factory.StartNew(
        () =>
        {
            using var network = batcher.Open();
            return Forward(network, images, seed, cancellation, height);
        },
        TaskCreationOptions.LongRunning);

    public static float[] Forward(IUNet network, int images, int seed, CancellationToken cancellation, int height = Side)
    {
        var shape = new ImageShape(images, 1, height, Side);
        var output = new float[shape.Length];
        var sample = Enumerable.Range(0, shape.Length).Select(i => (float)((i + seed) % 97)).ToArray();
        float[] timesteps = images == 1 ? [seed % 7] : [.. Enumerable.Range(0, images).Select(i => (float)((seed + i) % 7))];
        network.Forward(sample, shape, timesteps, [.. Enumerable.Range(0, images).Select(i => (seed + i) % 10)], output, cancellation);
        return output;
    }

    public static void Check(float[] output, int images, int seed)
    {
        var length = output.Length / images;
        for (var i = 0; i < output.Length; i++)
        {
            var image = i / length;
            Assert.Equal(((i + seed) % 97) + (1000 * ((seed + image) % 7)) + (100_000 * ((seed + image) % 10)), output[i]);
        }
    }

    public static async Task WaitFor(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }
}
