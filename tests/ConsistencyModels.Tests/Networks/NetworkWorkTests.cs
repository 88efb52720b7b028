using ConsistencyModels.Cpu;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Tests.Networks;

public class NetworkWorkTests
{
    // The figures that speed claims are made with: 219.3 and 2,239 billion, counted before this was written.
    [Theory]
    [InlineData("imagenet64", 219_313_569_792)]
    [InlineData("lsun256", 2_238_706_614_272)]
    public void Published_networks_have_the_known_number_of_operations(string name, double operations)
    {
        var network = UNet2DDescription.Of(UNet2DConfig.Load(RepositoryFiles.Golden("fullsize", name, "config.json")));
        Assert.Equal(operations, NetworkWork.DirectOperations(network, network.Config.SampleSize!.Value));
    }

    [Fact]
    public void A_tiny_network_is_counted_by_hand()
    {
        var network = UNet2DDescription.Of(new UNet2DConfig
        {
            SampleSize = new ImageSize(4, 4),
            BlockOutChannels = [4],
            NormNumGroups = 2,
            LayersPerBlock = 1,
            InChannels = 1,
            OutChannels = 2,
            DownBlockTypes = ["DownBlock2D"],
            UpBlockTypes = ["UpBlock2D"],
            MidBlockType = null,
        });

        // conv_in; one block down (4 to 4); two blocks up (8 to 4, with a shortcut); conv_out; the time embedding of width 16.
        var convolutions = 16 * 9 * ((1 * 4) + (4 * 4 * 2) + (2 * ((8 * 4) + (4 * 4))) + (4 * 2));
        var others = (2 * 16 * 8 * 4) + (4 * 16) + (16 * 16) + (3 * 16 * 4);
        Assert.Equal(2 * (convolutions + others), NetworkWork.DirectOperations(network, new ImageSize(4, 4)));
    }

    [Fact]
    public void A_processor_does_at_least_one_operation_a_cycle_and_at_most_what_no_core_does() =>
        Assert.InRange(FmaPeak.Measure(1, bursts: 1), 1e8, 1e12);
}
