using ConsistencyModels.Networks;

namespace ConsistencyModels.Server.Batching;

/// <summary>A batch, and where its images lie side by side: kept from batch to batch, as large as the largest was.</summary>
internal sealed class Batch
{
    private float[] _sample = [];
    private float[] _output = [];
    private float[] _timesteps = [];
    private int[] _labels = [];
    private bool _hasLabels;

    /// <summary>The images of the batch.</summary>
    public List<BatchImage> Images { get; } = [];

    public void CopyIn()
    {
        var length = Images[0].Call.Shape.ImageLength;
        Grow(ref _sample, Images.Count * length);
        Grow(ref _timesteps, Images.Count);
        Grow(ref _labels, Images.Count);
        _hasLabels = Images[0].Call.Label(0) is not null;
        for (var i = 0; i < Images.Count; i++)
        {
            var (call, image) = Images[i];
            call.Sample(image).CopyTo(_sample.AsSpan(i * length));
            _timesteps[i] = call.Timestep(image);
            _labels[i] = call.Label(image) ?? 0;
        }
    }

    public void Run(IUNet network, CancellationToken cancellationToken)
    {
        var shape = Images[0].Call.Shape.WithBatch(Images.Count);
        var length = (shape with { Channels = network.Config.OutChannels }).Length;
        Grow(ref _output, length);
        network.Forward(
            _sample.AsSpan(0, shape.Length), shape, _timesteps.AsSpan(0, shape.Batch), _hasLabels ? _labels.AsSpan(0, shape.Batch) : default, _output.AsSpan(0, length), cancellationToken);
    }

    public void CopyOut(int place)
    {
        var to = Images[place].Call.Output(Images[place].Index);
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
