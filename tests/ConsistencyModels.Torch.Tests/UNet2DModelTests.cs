using ConsistencyModels.Networks;
using CsCheck;
using TorchSharp;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Tests;

public class UNet2DModelTests
{
    public static TheoryData<string> All => [nameof(Networks.Conditional), nameof(Networks.Plain), nameof(Networks.Fourier)];

    [Theory]
    [MemberData(nameof(All))]
    public void Parameters_have_diffusers_names_shapes_and_order(string name)
    {
        using var network = Networks.Make(Networks.Named(name));
        Assert.Equal(
            network.Description.Parameters.Select(p => $"{p.Name} [{string.Join(", ", p.Shape)}]"),
            network.named_parameters().Select(p => $"{p.name} [{string.Join(", ", p.parameter.shape)}]"));
    }

    [Fact]
    public void Any_network_computes_what_its_operations_say() => RandomNetworks.Configs.Sample(
        config =>
        {
            using var weights = RandomNetworks.Weights(config);
            using var network = new TorchEngine().Load(config, weights, new EngineOptions());
            RandomNetworks.IsWhatItsOperationsSay(network, weights);
        },
        iter: 40,
        threads: 1);

    [Theory]
    [MemberData(nameof(All))]
    public void Parameters_are_views_of_one_tensor(string name)
    {
        using var network = Networks.Make(Networks.Named(name), trainable: true);
        using var scope = NewDisposeScope();
        using (no_grad())
        {
            network.FlatParameters.copy_(tensor(Enumerable.Range(0, (int)network.Description.ParameterCount).Select(i => (float)i).ToArray()));
        }

        long offset = 0;
        foreach (var (parameterName, parameter) in network.named_parameters())
        {
            var values = parameter.detach().view(-1);
            Assert.True(offset == values[0].item<float>() && offset + values.numel() - 1 == values[-1].item<float>(), parameterName);
            offset += values.numel();
        }

        Assert.Equal(network.FlatParameters.numel(), offset);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Gradients_reach_every_parameter_but_fixed_frequencies(string name)
    {
        var config = Networks.Named(name);
        using var network = Networks.Make(config, trainable: true);
        using var scope = NewDisposeScope();
        network.train();
        Output(network, config).Squared().sum().backward();
        foreach (var (parameterName, parameter) in network.named_parameters())
        {
            var isFixed = parameterName == "time_proj.weight";
            Assert.True(parameter.requires_grad != isFixed, parameterName);
            Assert.True(isFixed ? parameter.grad is null : parameter.grad!.abs().sum().item<float>() > 0, parameterName);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Channels_may_lie_last(string name)
    {
        var config = Networks.Named(name);
        using var plain = Networks.Make(config);
        using var last = new UNet2DModel(plain.Description) { ChannelsLast = true };
        last.FlatParameters.copy_(plain.FlatParameters);
        using var scope = NewDisposeScope();
        Assert.InRange((Output(plain, config) - Output(last, config)).abs().max().item<float>(), 0, 1e-5f);
    }

    [Fact]
    public void Nothing_learns_unless_it_is_asked_to()
    {
        using var network = Networks.Make(Networks.Conditional);
        Assert.All(network.parameters(), parameter => Assert.False(parameter.requires_grad));
    }

    [Fact]
    public void A_gradient_is_that_of_the_function()
    {
        // Along one random direction: (f(p + hd) - f(p - hd)) / 2h in float64 against the gradient's product with d.
        var config = Networks.Conditional;
        using var network = Networks.Make(config, trainable: true, ScalarType.Float64);
        using var scope = NewDisposeScope();
        network.eval();
        using var generator = new Generator(3);
        var direction = randn(network.FlatParameters.shape, ScalarType.Float64, generator: generator);
        Output(network, config).sin().sum().backward();
        var slope = network.parameters().Zip(Split(network, direction)).Sum(pair => (pair.First.grad! * pair.Second).sum().item<double>());

        const double h = 1e-6;
        double At(double step)
        {
            using var inner = NewDisposeScope();
            using var noGrad = no_grad();
            network.FlatParameters.AddInPlace(direction, step);
            return Output(network, config).sin().sum().item<double>();
        }

        var measured = (At(h) - At(-2 * h)) / (2 * h);
        Assert.Equal(slope, measured, Math.Abs(slope) * 1e-4);
    }

    [Fact]
    public void Dropout_is_for_training_and_follows_the_seed()
    {
        using var network = Networks.Make(Networks.Plain);
        using var scope = NewDisposeScope();
        float[] Draw(long seed)
        {
            network.Dropout.Seed(seed);
            rand(10);
            return Output(network, Networks.Plain).data<float>().ToArray();
        }

        network.train();
        var first = Draw(1);
        Assert.Equal(first, Draw(1));
        Assert.NotEqual(first, Draw(2));
        network.eval();
        Assert.Equal(Draw(1), Draw(2));
    }

    [Fact]
    public void A_class_label_too_many_or_too_few_is_an_error()
    {
        using var conditional = Networks.Make(Networks.Conditional);
        using var plain = Networks.Make(Networks.Plain);
        using var scope = NewDisposeScope();
        var x = zeros(1, 3, 8, 8);
        Assert.Throws<ArgumentNullException>(() => conditional.forward(x, ones(1), null));
        Assert.Throws<ArgumentException>(() => plain.forward(x, ones(1), zeros(1, ScalarType.Int64)));
    }

    [Fact]
    public void Nothing_is_left_of_a_step_or_of_a_network()
    {
        // A first round, since TorchSharp keeps a few tensors of its own.
        Step();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var i = 0; i < 3; i++)
        {
            Step();
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        static void Step()
        {
            using var network = Networks.Make(Networks.Conditional, trainable: true);
            for (var i = 0; i < 3; i++)
            {
                using var scope = NewDisposeScope();
                Output(network, Networks.Conditional).sum().backward();
            }
        }
    }

    private static IEnumerable<Tensor> Split(UNet2DModel network, Tensor flat)
    {
        long offset = 0;
        foreach (var parameter in network.Description.Parameters)
        {
            yield return flat.narrow(0, offset, parameter.Count).view([.. parameter.Shape]);
            offset += parameter.Count;
        }
    }

    // With timesteps that have a logarithm. The result belongs to the current scope.
    private static Tensor Output(UNet2DModel network, UNet2DConfig config)
    {
        using var generator = new Generator(5);
        var dtype = network.FlatParameters.dtype;
        // All classes, so that every row of their embedding counts.
        var batch = config.NumClassEmbeds ?? 2;
        var x = randn([batch, 3, 8, 8], dtype, generator: generator);
        var labels = config.NumClassEmbeds is null ? null : tensor(Enumerable.Range(0, (int)batch).Select(i => (long)i).ToArray());
        return network.forward(x, linspace(1.5, 700, batch, ScalarType.Float32), labels);
    }
}
