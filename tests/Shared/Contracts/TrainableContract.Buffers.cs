using ConsistencyModels.Networks;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Testing;

public abstract partial class TrainableContract
{
    [Fact]
    public void Parameters_are_read_back_as_written()
    {
        using var network = Create(TrainableNetworks.Named("odd"), seed: 7);
        Assert.Equal(network.Description.ParameterCount, network.Parameters.Length);
        Assert.Equal(network.Description.ParameterCount, network.Gradients.Length);
        Assert.All(Values(network.Gradients), value => Assert.Equal(0, value));
        using var buffer = network.NewBuffer();
        Assert.All(Values(buffer), value => Assert.Equal(0, value));
        foreach (var target in (IParameterBuffer[])[network.Parameters, network.Gradients, buffer])
        {
            var values = Numbers(target.Length, seed: 1);
            (values[0], values[^1], values[5]) = (float.NaN, float.Epsilon, float.NegativeInfinity);
            target.Write(0, values);
            Assert.Equal(values, Values(target));
            target.Write(3, [1, 2]);
            var part = new float[4];
            target.Read(2, part);
            Assert.Equal([values[2], 1, 2, values[5]], part);
            target.Write(target.Length - 1, [9]);
            Assert.Equal(9, Values(target)[^1]);
            target.Write(target.Length, []);
        }

        Assert.NotEqual(Values(buffer)[^1], Values(buffer)[0]);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(long.MaxValue, 0)]
    public void Places_outside_a_buffer_are_refused(long offset, int more)
    {
        using var network = Create(TrainableNetworks.Named("odd"), seed: 7);
        var values = new float[network.Parameters.Length + more];
        Assert.ThrowsAny<ArgumentException>(() => network.Parameters.Read(offset, values));
        Assert.ThrowsAny<ArgumentException>(() => network.Parameters.Write(offset, values));
    }

    [Fact]
    public void Buffers_do_plain_arithmetic()
    {
        using var network = Create(TrainableNetworks.Named("odd"), seed: 7);
        using var buffer = network.NewBuffer();
        using var other = network.NewBuffer();
        var (a, b) = (Numbers(buffer.Length, seed: 1), Numbers(buffer.Length, seed: 2));
        buffer.Write(0, a);
        other.Write(0, b);
        Norm(a, buffer);
        foreach (var weight in (double[])[0.25, 0.9, 1e-4])
        {
            buffer.Lerp(other, weight);
            a = [.. a.Zip(b, (own, its) => (float)(own + (weight * ((double)its - own))))];
            Near(a, Values(buffer));
            Assert.Equal(b, Values(other));
        }

        buffer.Scale(-0.37);
        a = [.. a.Select(value => (float)(-0.37 * value))];
        Near(a, Values(buffer));
        buffer.Lerp(other, 0);
        Near(a, Values(buffer));
        buffer.Lerp(other, 1);
        Near(b, Values(buffer));
        buffer.CopyFrom(other);
        Assert.Equal(b, Values(buffer));
        buffer.CopyFrom(buffer);
        Assert.Equal(b, Values(buffer));
        buffer.Clear();
        Assert.Equal(0, buffer.Norm());
        Assert.All(Values(buffer), value => Assert.Equal(0, value));
        Assert.Equal(b, Values(other));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_norm_shows_what_is_not_finite(float bad)
    {
        using var network = Create(TrainableNetworks.Named("odd"), seed: 7);
        network.Gradients.Write(network.Gradients.Length / 2, [bad]);
        Assert.False(double.IsFinite(network.Gradients.Norm()));
        network.Gradients.Write(network.Gradients.Length / 2, [1e-30f]);
        Assert.True(double.IsFinite(network.Gradients.Norm()));
    }

    public static TheoryData<string> Optimizers => ["adam", "adam with l2", "adamw", "radam, before its rectification", "radam", "large epsilon"];

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void An_adaptive_step_is_what_its_numbers_say(string name)
    {
        const int steps = 5;
        AdaptiveStep At(int t)
        {
            var (first, second) = (1 - Math.Pow(0.9, t), Math.Sqrt(1 - Math.Pow(0.999, t)));
            return name switch
            {
                "adam" => new(0.9, 0.999, 1e-3 / first, 1 / second),
                "adam with l2" => new(0.9, 0.999, 1e-3 / first, 1 / second, L2: 0.1),
                "adamw" => new(0.9, 0.999, 1e-3 / first, 1 / second, Decay: 1e-3 * 0.01),
                "radam, before its rectification" => new(0.9, 0.999, 1e-3 / first, null, L2: 0.01),
                "radam" => new(0.9, 0.999, 1e-3 * 0.3 / first, 1, Epsilon: 1e-8 * second),
                _ => new(0, 0.5, 0.1, 0.7, Epsilon: 10, L2: 0.2, Decay: 0.3),
            };
        }

        using var network = Create(TrainableNetworks.Named("odd"), seed: 7);
        using var first = network.NewBuffer();
        using var second = network.NewBuffer();
        double[] p = [.. Values(network.Parameters)], m = new double[p.Length], v = new double[p.Length];
        for (var t = 1; t <= steps; t++)
        {
            var gradient = Numbers(p.Length, seed: t);
            network.Gradients.Write(0, gradient);
            var step = At(t);
            network.Parameters.Adapt(network.Gradients, first, second, step);
            for (var i = 0; i < p.Length; i++)
            {
                var g = gradient[i] + (step.L2 * p[i]);
                m[i] = (step.Beta1 * m[i]) + ((1 - step.Beta1) * g);
                v[i] = (step.Beta2 * v[i]) + ((1 - step.Beta2) * g * g);
                var by = step.RootScale is { } scale ? m[i] / ((scale * Math.Sqrt(v[i])) + step.Epsilon) : m[i];
                p[i] = ((1 - step.Decay) * p[i]) - (step.Rate * by);
            }

            Assert.Equal(gradient, Values(network.Gradients));
            Near(Floats(m), Values(first));
            Near(Floats(v), Values(second));
            Near(Floats(p), Values(network.Parameters));
        }
    }

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void The_end_of_a_step_in_one_call_is_the_single_calls_bit_for_bit(string name)
    {
        var config = TrainableNetworks.Named("odd");
        var step = name.StartsWith("radam, before", StringComparison.Ordinal) ? new AdaptiveStep(0.9, 0.999, 1e-3, null, L2: 0.01) : new(0.9, 0.99, 1e-2, 0.7, Epsilon: 1e-6, L2: 0.1, Decay: 1e-3);
        float[][] Ended(bool atOnce)
        {
            using var network = Create(config, seed: 7);
            using var first = network.NewBuffer();
            using var second = network.NewBuffer();
            using var slow = network.NewBuffer();
            using var fast = network.NewBuffer();
            slow.Write(0, Numbers((int)slow.Length, seed: 9));
            for (var t = 0; t < 3; t++)
            {
                network.Gradients.Write(0, Numbers((int)network.Gradients.Length, seed: t));
                if (atOnce)
                {
                    network.Parameters.Adapt(network.Gradients, first, second, step, [(slow, 0.01), (fast, 0.9)]);
                    continue;
                }

                network.Parameters.Adapt(network.Gradients, first, second, step);
                slow.Lerp(network.Parameters, 0.01);
                fast.Lerp(network.Parameters, 0.9);
                network.Gradients.Clear();
            }

            return [Values(network.Parameters), Values(first), Values(second), Values(slow), Values(fast), Values(network.Gradients)];
        }

        Assert.Equal(Ended(atOnce: false), Ended(atOnce: true));
    }

    [Fact]
    public void Gradients_begin_anew_after_a_step_in_one_call_and_after_a_second_clearing()
    {
        var config = TrainableNetworks.Named("plain");
        using var network = Create(config, seed: 7);
        using var first = network.NewBuffer();
        using var second = network.NewBuffer();
        var call = new TrainableCall(config, 2);
        call.Learn(network);
        network.Parameters.Adapt(network.Gradients, first, second, new(0.9, 0.99, 0, null), []);
        network.Gradients.Clear();
        call.Learn(network);
        var found = Values(network.Gradients);
        network.Gradients.Clear();
        network.Gradients.Clear();
        Assert.All(Values(network.Gradients), value => Assert.Equal(0, value));
        call.Learn(network);
        Assert.Equal(found, Values(network.Gradients));
        Assert.Contains(found, value => value != 0);
    }

    [Fact]
    public void A_step_of_parameters_is_seen_by_the_next_pass()
    {
        var config = TrainableNetworks.Named("plain");
        using var network = Create(config, seed: 7);
        using var copy = network.NewBuffer();
        using var first = network.NewBuffer();
        using var second = network.NewBuffer();
        var call = new TrainableCall(config, 2);
        var before = call.Evaluate(network, network.Parameters, null);
        foreach (var change in (Action<IParameterBuffer>[])
        [
            buffer => buffer.Scale(0.9),
            buffer => buffer.Lerp(network.Gradients, 0.1),
            buffer => buffer.Write(0, new float[100]),
            buffer => buffer.Adapt(copy, first, second, new(0.5, 0.5, 0.01, null)),
        ])
        {
            change(network.Parameters);
            copy.CopyFrom(network.Parameters);
            var after = call.Evaluate(network, network.Parameters, null);
            Assert.True(Difference(before, after) > 1e-4);
            Near(after, call.Evaluate(network, copy, null));
            before = after;
        }
    }

    [Fact]
    public void A_buffer_of_another_network_is_refused()
    {
        var config = TrainableNetworks.Named("plain");
        using var network = Create(config, seed: 7);
        using var other = Create(config, seed: 7);
        using var buffer = network.NewBuffer();
        using var foreign = other.NewBuffer();
        var call = new TrainableCall(config, 1);
        var step = new AdaptiveStep(0.9, 0.99, 0.1, 1);
        Assert.ThrowsAny<ArgumentException>(() => call.Evaluate(network, foreign, null));
        Assert.ThrowsAny<ArgumentException>(() => buffer.CopyFrom(foreign));
        Assert.ThrowsAny<ArgumentException>(() => buffer.Lerp(other.Parameters, 0.5));
        Assert.ThrowsAny<ArgumentException>(() => network.Parameters.Adapt(other.Gradients, buffer, buffer, step));
        Assert.ThrowsAny<ArgumentException>(() => network.Parameters.Adapt(network.Gradients, foreign, buffer, step));
        Assert.ThrowsAny<ArgumentException>(() => network.Parameters.Adapt(network.Gradients, buffer, foreign, step));
        Assert.Equal(0, buffer.Norm());
        Assert.Equal(Values(other.Parameters), Values(network.Parameters));
    }

    private static void Norm(float[] values, IParameterBuffer buffer)
    {
        var expected = Math.Sqrt(values.Sum(value => (double)value * value));
        Assert.Equal(expected, buffer.Norm(), 1e-5 * expected);
    }

    private static float[] Floats(double[] values) => Array.ConvertAll(values, value => (float)value);

    private static float[] Numbers(long count, int seed)
    {
        var values = new float[count];
        new TorchGenerator((ulong)seed).Randn(values);
        return values;
    }
}
