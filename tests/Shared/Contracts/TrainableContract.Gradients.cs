using ConsistencyModels.Networks;

namespace ConsistencyModels.Testing;

public abstract partial class TrainableContract
{
    // Half the distance of the inner pair of points: far enough for float32, and the pair at twice the distance takes out the cubic term.
    private const double Reach = 0.02;

    [Theory]
    [MemberData(nameof(All))]
    public void A_gradient_is_that_of_the_output_for_every_kind_of_parameter(string name)
    {
        var config = TrainableNetworks.Named(name);
        using var network = Create(config, seed: 7);
        ThrowUnlessGradientsFit(network, new TrainableCall(config, 2));
    }

    private static void ThrowUnlessGradientsFit(ITrainableUNet network, TrainableCall call)
    {
        const long seed = 3;
        using var moved = network.NewBuffer();
        call.Learn(network, seed);
        var (parameters, gradient) = (Values(network.Parameters), Values(network.Gradients));
        var random = new System.Random(1);
        var faults = new List<string>();
        foreach (var (kind, places) in Kinds(network.Description))
        {
            var own = places.SelectMany(range => gradient[range]).ToArray();
            var norm = Math.Sqrt(own.Sum(value => (double)value * value));
            if (kind == "time_proj.weight")
            {
                Assert.Equal(0, norm);
                continue;
            }

            // Along the gradient, and along a random direction as well.
            var direction = own.Select(value => value / Math.Max(norm, 1e-3) + ((random.NextDouble() - 0.5) * Math.Sqrt(12.0 / own.Length))).ToArray();
            double At(double step)
            {
                var values = (float[])parameters.Clone();
                var i = 0;
                foreach (var place in places)
                {
                    foreach (ref var value in values.AsSpan(place))
                    {
                        value += (float)(step * direction[i++]);
                    }
                }

                moved.Write(0, values);
                return call.Loss(call.Evaluate(network, moved, seed));
            }

            var measured = ((8 * (At(Reach) - At(-Reach))) - (At(2 * Reach) - At(-2 * Reach))) / (12 * Reach);
            var expected = own.Zip(direction, (value, along) => value * along).Sum();
            var shifted = kind == "to_k.bias"; // Adds one number to all scores of a row: nothing changes.
            if (Math.Abs(measured - expected) > (0.005 * norm) + 2e-3 || norm < 0.1 != shifted)
            {
                faults.Add($"{kind}: measured {measured}, expected {expected}; norm {norm}");
            }
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_gradient_of_the_sample_is_that_of_the_output_if_it_is_asked_for(string name)
    {
        var config = TrainableNetworks.Named(name);
        using var network = Create(config, seed: 7);
        var call = new TrainableCall(config, 2);
        call.Learn(network);
        var without = Values(network.Gradients);
        network.Gradients.Clear();
        var gradient = Numbers(call.Sample.Length, seed: 2); // Whatever was there is written over.
        call.Learn(network, gradient);
        Near(without, Values(network.Gradients));

        var sample = call.Sample;
        var norm = Math.Sqrt(gradient.Sum(value => (double)value * value));
        Assert.True(norm > 0.1);
        var random = Numbers(gradient.Length, seed: 3);
        var along = gradient.Select(value => value / norm).ToArray();
        var across = random.Select(value => value / Math.Sqrt(random.Sum(other => (double)other * other))).ToArray();
        foreach (var direction in (double[][])[along, across])
        {
            double At(double step)
            {
                call.Sample = [.. sample.Zip(direction, (value, by) => (float)(value + (step * by)))];
                return call.Loss(call.Evaluate(network, network.Parameters, seed: 1));
            }

            var measured = ((8 * (At(Reach) - At(-Reach))) - (At(2 * Reach) - At(-2 * Reach))) / (12 * Reach);
            Assert.Equal(gradient.Zip(direction, (value, by) => value * by).Sum(), measured, (0.005 * norm) + 2e-3);
        }
    }

    [Fact]
    public void A_gradient_of_the_sample_is_announced_and_has_its_length()
    {
        var config = TrainableNetworks.Named("plain");
        using var network = Create(config, seed: 7);
        var call = new TrainableCall(config, 2);
        var (output, gradient) = (new float[call.Direction.Length], new float[call.Sample.Length]);
        using var without = network.Forward(call.Input, 1, output);
        Assert.Throws<InvalidOperationException>(() => without.Backward(call.Direction, gradient));
        without.Backward(call.Direction);
        using var with = network.Forward(new(call.Sample, call.Shape, call.Timesteps, call.Labels) { WantsGradient = true }, 1, output);
        Assert.ThrowsAny<ArgumentException>(() => with.Backward(call.Direction, gradient[1..]));
        with.Backward(call.Direction);
        Assert.All(gradient, value => Assert.Equal(0, value));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Passes_add_up_and_clearing_starts_over(string name)
    {
        var config = TrainableNetworks.Named(name);
        using var network = Create(config, seed: 7);
        var (one, other) = (new TrainableCall(config, 2), new TrainableCall(config, 3, seed: 1));
        float[] After(params TrainableCall[] calls)
        {
            network.Gradients.Clear();
            Array.ForEach(calls, call => call.Learn(network));
            return Values(network.Gradients);
        }

        var (first, second) = (After(one), After(other));
        Near([.. first.Select(value => 2 * value)], After(one, one));
        Near([.. first.Zip(second, (a, b) => a + b)], After(one, other));
        Near(first, After(one));
        network.Gradients.Clear();
        Assert.All(Values(network.Gradients), value => Assert.Equal(0, value));
    }

    [Fact]
    public void Two_passes_may_be_under_way()
    {
        var config = TrainableNetworks.Named("plain");
        using var network = Create(config, seed: 7);
        var (one, other) = (new TrainableCall(config, 2), new TrainableCall(config, 3, seed: 1));
        one.Learn(network, seed: 1);
        other.Learn(network, seed: 2);
        var expected = Values(network.Gradients);
        network.Gradients.Clear();
        using var first = network.Forward(one.Input, 1, new float[one.Direction.Length]);
        using var second = network.Forward(other.Input, 2, new float[other.Direction.Length]);
        other.Evaluate(network, network.Parameters, seed: null);
        first.Backward(one.Direction);
        second.Backward(other.Direction);
        Near(expected, Values(network.Gradients));
    }

    [Fact]
    public void One_level_for_all_is_that_level_for_each()
    {
        var config = TrainableNetworks.Named("conditional");
        using var network = Create(config, seed: 7);
        var call = new TrainableCall(config, 3) { Timesteps = [400, 400, 400] };
        var each = call.Learn(network);
        var gradient = Values(network.Gradients);
        network.Gradients.Clear();
        call.Timesteps = [400];
        Near(each, call.Learn(network));
        Near(gradient, Values(network.Gradients));
    }

    // The places of all parameters whose names end alike: "conv1.weight" of every block.
    private static IEnumerable<(string Kind, IReadOnlyList<Range> Places)> Kinds(UNet2DDescription description)
    {
        var places = new Dictionary<string, List<Range>>();
        var offset = 0;
        foreach (var parameter in description.Parameters)
        {
            var kind = string.Join('.', parameter.Name.Split('.')[^2..]);
            if (!places.TryGetValue(kind, out var ranges))
            {
                places.Add(kind, ranges = []);
            }

            ranges.Add(offset..(offset += (int)parameter.Count));
        }

        return places.Select(pair => (pair.Key, (IReadOnlyList<Range>)pair.Value));
    }
}
