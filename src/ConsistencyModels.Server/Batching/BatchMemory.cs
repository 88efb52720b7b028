using ConsistencyModels.Networks;

namespace ConsistencyModels.Server.Batching;

/// <summary>Where the images of a batch lie side by side; kept from batch to batch, as large as the largest was.</summary>
internal sealed class BatchMemory
{
    private float[] _sample = [];
    private float[] _output = [];
    private float[] _timesteps = [];
    private int[] _labels = [];
    private bool _hasLabels;

    public void CopyIn(List<BatchImage> batch)
    {
        var length = batch[0].Call.Shape.ImageLength;
        Grow(ref _sample, batch.Count * length);
        Grow(ref _timesteps, batch.Count);
        Grow(ref _labels, batch.Count);
        _hasLabels = batch[0].Call.Label(0) is not null;
        for (var i = 0; i < batch.Count; i++)
        {
            var (call, image) = batch[i];
            call.Sample(image).CopyTo(_sample.AsSpan(i * length));
            _timesteps[i] = call.Timestep(image);
            _labels[i] = call.Label(image) ?? 0;
        }
    }

    public void Run(IUNet network, ImageShape shape, CancellationToken cancellationToken)
    {
        var length = (shape with { Channels = network.Config.OutChannels }).Length;
        Grow(ref _output, length);
        network.Forward(
            _sample.AsSpan(0, shape.Length), shape, _timesteps.AsSpan(0, shape.Batch), _hasLabels ? _labels.AsSpan(0, shape.Batch) : default, _output.AsSpan(0, length), cancellationToken);
    }

    public void CopyOut(int place, BatchImage image)
    {
        var to = image.Call.Output(image.Index);
        _output.AsSpan(place * to.Length, to.Length).CopyTo(to);
    }

    private static void Grow<T>(ref T[] array, int length)
    {
        if (array.Length < length)
        {
            array = GC.AllocateUninitializedArray<T>(length);
        }
    }
}
