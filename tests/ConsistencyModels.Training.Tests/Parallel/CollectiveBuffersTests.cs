using ConsistencyModels.Networks;
using ConsistencyModels.Torch;
using ConsistencyModels.Training.Parallel;

namespace ConsistencyModels.Training.Tests.Parallel;

public sealed class CollectiveBuffersTests
{
    [Fact]
    public void Every_value_of_a_buffer_is_summed_once_and_comes_back()
    {
        using var network = new TorchEngine().Create(UNet2DDescription.Of(Config), new());
        var (before, after) = (new float[network.Gradients.Length], new float[network.Gradients.Length]);
        for (var i = 0; i < before.Length; i++)
        {
            before[i] = i;
        }

        network.Gradients.Write(0, before);
        var twins = new Twins();
        twins.Sum(network.Gradients);
        network.Gradients.Read(0, after);
        Assert.Equal(before.Select(value => 2 * value), after);
        Assert.Equal(before.Length, twins.Summed);
        twins.Broadcast(network.Gradients);
        Assert.Equal(before.Length, twins.Sent);
    }

    [Fact]
    public void A_process_on_its_own_copies_nothing()
    {
        using var network = new TorchEngine().Create(UNet2DDescription.Of(Config), new());
        var alone = new Twins { Count = 1 };
        alone.Sum(network.Gradients);
        alone.Broadcast(network.Gradients);
        Assert.Equal((0, 0), (alone.Summed, alone.Sent));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_process_on_its_own_decides_for_itself(bool here) => Assert.Equal(here, new SingleProcess().Any(here));

    private static UNet2DConfig Config { get; } = new()
    {
        SampleSize = new(8, 8),
        BlockOutChannels = [16, 16],
        NormNumGroups = 4,
        LayersPerBlock = 1,
        AttentionHeadDim = 8,
        DownBlockTypes = ["DownBlock2D", "AttnDownBlock2D"],
        UpBlockTypes = ["AttnUpBlock2D", "UpBlock2D"],
    };

    /// <summary>This process, with another that has the same values.</summary>
    private sealed class Twins : ICollective
    {
        public long Summed { get; private set; }

        public long Sent { get; private set; }

        public int Rank => 0;

        public int Count { get; init; } = 2;

        public void Sum(Span<float> values)
        {
            Summed += values.Length;
            foreach (ref var value in values)
            {
                value *= 2;
            }
        }

        public void Sum(Span<double> values) => throw new NotSupportedException();

        public void Broadcast(Span<float> values) => Sent += values.Length;
    }
}
