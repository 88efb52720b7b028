using ConsistencyModels.Networks;

namespace ConsistencyModels.Testing;

public abstract partial class TrainableContract
{
    private const int AugmentLabels = 3;

    [Theory]
    [MemberData(nameof(All))]
    public void Without_augmentation_labels_it_is_the_network_without_their_parameter(string name)
    {
        var config = TrainableNetworks.Named(name);
        using var plain = Create(config, seed: 7);
        using var told = Create(config, seed: 7, AugmentLabels);
        var count = (int)plain.Parameters.Length;
        Assert.Equal(plain.Description.Parameters, told.Description.Parameters.SkipLast(1));
        Assert.Equal(Values(plain.Parameters), Values(told.Parameters)[..count]);
        using var buffer = told.NewBuffer();
        buffer.CopyFrom(told.Parameters);
        var call = new TrainableCall(config, 3);
        var expected = call.Learn(plain);
        foreach (var labels in (float[][])[[], new float[3 * AugmentLabels]])
        {
            var other = new TrainableCall(config, 3) { AugmentLabels = labels };
            told.Gradients.Clear();
            Near(expected, other.Learn(told));
            Near(expected, other.Evaluate(told, buffer, seed: 1));
            Near(Values(plain.Gradients), Values(told.Gradients)[..count]);
            Assert.All(Values(told.Gradients)[count..], value => Assert.Equal(0, value));
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Augmentation_labels_are_learnt_from(string name)
    {
        var config = TrainableNetworks.Named(name);
        using var network = Create(config, seed: 7, AugmentLabels);
        var call = new TrainableCall(config, 2) { AugmentLabels = [1, 0, -0.5f, 0, 2, 0.25f] };
        Assert.True(Difference(new TrainableCall(config, 2).Evaluate(network, network.Parameters, seed: null), call.Evaluate(network, network.Parameters, seed: null)) > 0.01);
        ThrowUnlessGradientsFit(network, call);
    }

    [Fact]
    public void Augmentation_labels_are_each_image_s_own()
    {
        var config = TrainableNetworks.Named("odd");
        using var network = Create(config, seed: 7, AugmentLabels);
        var all = new TrainableCall(config, 2) { AugmentLabels = [1, 0, -0.5f, 0, 2, 0.25f] };
        var together = all.Evaluate(network, network.Parameters, seed: null);
        var length = together.Length / 2;
        for (var i = 0; i < 2; i++)
        {
            var one = new TrainableCall(config, 1)
            {
                Sample = all.Sample[(i * all.Shape.ImageLength)..((i + 1) * all.Shape.ImageLength)],
                Timesteps = [all.Timesteps[i]],
                Labels = [all.Labels[i]],
                AugmentLabels = all.AugmentLabels[(i * AugmentLabels)..((i + 1) * AugmentLabels)],
            };
            Near(one.Evaluate(network, network.Parameters, seed: null), together[(i * length)..((i + 1) * length)]);
        }
    }

    [Fact]
    public void Augmentation_labels_that_do_not_fit_are_refused()
    {
        var config = TrainableNetworks.Named("odd");
        using var told = Create(config, seed: 7, AugmentLabels);
        using var plain = Create(config, seed: 7);
        foreach (var (network, count) in (IEnumerable<(ITrainableUNet, int)>)[(told, AugmentLabels), (told, (2 * AugmentLabels) + 1), (plain, 2 * AugmentLabels)])
        {
            var call = new TrainableCall(config, 2) { AugmentLabels = new float[count] };
            Assert.ThrowsAny<ArgumentException>(() => call.Learn(network));
            Assert.ThrowsAny<ArgumentException>(() => call.Evaluate(network, network.Parameters, seed: null));
        }
    }
}
