using ConsistencyModels.Cpu;
using ConsistencyModels.Networks;
using ConsistencyModels.Tests.Cpu;
using CsCheck;

namespace ConsistencyModels.Tests.Networks;

/// <summary>The list of operations: against checkpoints, against recorded outputs, and what every list has in common.</summary>
public class UNet2DDescriptionTests
{
    public static TheoryData<string> GoldenNames() => [.. GoldenUNet.Names];

    [Theory]
    [MemberData(nameof(GoldenNames))]
    public void The_parameters_are_those_of_the_checkpoint(string name)
    {
        using var golden = new GoldenUNet(name);
        Assert.Equal(
            golden.Weights.Tensors.Values.Select(tensor => Show(tensor.Name, tensor.Shape)).Order(StringComparer.Ordinal),
            UNet2DDescription.Of(golden.Config).Parameters.Select(parameter => Show(parameter.Name, parameter.Shape)).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(GoldenNames))]
    public void The_operations_compute_what_the_original_does(string name)
    {
        using var golden = new GoldenUNet(name);
        var output = ReferenceNetwork.Forward(golden.Config, golden.Weights, golden.Sample, golden.Shape, golden.Timesteps, golden.Labels);
        Assert.InRange(golden.Expected.Zip(output, (a, b) => MathF.Abs(a - b)).Max(), 0, 5e-5f); // recorded in float32
    }

    [Fact]
    public void The_CPU_engine_computes_what_the_operations_say() => RandomNetworks.Configs.Sample(
        config =>
        {
            using var weights = RandomNetworks.Weights(config);
            using var network = new CpuEngine().Load(config, weights, new EngineOptions());
            RandomNetworks.IsWhatItsOperationsSay(network, weights);
        },
        iter: Iterations.Of(60));

    [Fact]
    public void A_value_is_made_once_before_it_is_read_and_fits_the_layers() => RandomNetworks.Configs.Sample(config =>
    {
        var network = UNet2DDescription.Of(config);
        List<NetworkValue> known = [network.Sample, network.Timesteps, .. network.ClassLabels is { } labels ? [labels] : Array.Empty<NetworkValue>()];
        foreach (var operation in network.Operations)
        {
            Assert.All(operation.Inputs, input => Assert.Contains(input, known));
            Assert.DoesNotContain(operation.Output, known);
            known.Add(operation.Output);
            var (input, output) = (operation.Inputs[0], operation.Output);
            switch (operation)
            {
                case ConcatOperation:
                    Assert.Equal(operation.Inputs.Sum(part => part.Channels), output.Channels);
                    Assert.All(operation.Inputs, part => Assert.Equal(output.Halvings, part.Halvings));
                    break;
                case ResnetOperation resnet:
                    Assert.Equal((input.Channels, output.Channels), (resnet.Conv1.InChannels, resnet.Conv2.OutChannels));
                    Assert.Equal(Change(resnet.Resampling), output.Halvings - input.Halvings);
                    Assert.Equal(operation.Inputs[1].Channels, resnet.Time.Inputs);
                    break;
                case AttentionOperation attention:
                    Assert.Equal((input.Channels, input.Halvings), (output.Channels, output.Halvings));
                    Assert.Equal((input.Channels, output.Channels), (attention.Query.Inputs, attention.Out.Outputs));
                    break;
                case ResampleOperation resample:
                    Assert.Equal((input.Channels, output.Channels), (resample.Convolution.InChannels, resample.Convolution.OutChannels));
                    Assert.Equal(Change(resample.Resampling), output.Halvings - input.Halvings);
                    break;
            }
        }

        Assert.Equal(Enumerable.Range(0, network.ValueCount), known.Select(value => value.Id).Order());
        Assert.Equal((config.OutChannels, 0), (network.Operations[^1].Output.Channels, network.Operations[^1].Output.Halvings));
        Assert.Equal(network.Parameters.Count, network.Parameters.Select(parameter => parameter.Name).Distinct().Count());
    });

    [Fact]
    public void Lifetimes_are_those_that_engines_rely_on() => RandomNetworks.Configs.Sample(config =>
    {
        var network = UNet2DDescription.Of(config);
        foreach (var (i, operation) in network.Operations.Index())
        {
            Assert.Equal(network.Operations.Select((reader, place) => reader.Inputs.Contains(operation.Output) ? place : -1).Max(), network.LastReader(operation.Output));

            // The CPU engine writes the results of these over their input.
            if (operation is AttentionOperation or OutputOperation)
            {
                Assert.Equal(i, network.LastReader(operation.Inputs[0]));
            }
        }

        // As many skip connections are read as there are; each once.
        var skips = network.Operations.OfType<ConcatOperation>().Select(concat => concat.Inputs[1]).ToList();
        Assert.Equal(skips.Count, skips.Distinct().Count());
        Assert.Equal(-1, network.LastReader(network.Operations[^1].Output));
    });

    [Fact]
    public void A_reader_is_told_of_every_value_once_it_is_of_no_more_use() => RandomNetworks.Configs.Sample(config =>
    {
        var network = UNet2DDescription.Of(config);
        var trace = new Trace();
        var output = network.Read(trace, "sample", "timesteps", "labels");
        Assert.Equal(network.Operations[^1].Output.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), output);
        Assert.Equal(network.Operations, trace.Operations);
        Assert.Equal(network.Operations.SkipLast(1).Select(operation => $"{operation.Output.Id}").Order(), trace.Released.Order());
    });

    [Fact]
    public void A_network_that_is_told_of_augmentation_is_the_same_with_one_parameter_more() => RandomNetworks.Configs.Sample(config =>
    {
        var (plain, told) = (UNet2DDescription.Of(config), UNet2DDescription.Of(config, 9));
        Assert.Null(plain.AugmentLabels);
        Assert.Same(plain, plain.WithoutAugmentLabels());
        Assert.Equal(plain.Parameters, told.Parameters.SkipLast(1));
        Assert.Equal(plain.Parameters, told.WithoutAugmentLabels().Parameters);
        Assert.Equal([config.TimeEmbeddingWidth, 9], told.Parameters[^1].Shape);
        Assert.Equal(plain.Operations.Select(operation => operation.Name), told.Operations.Where(operation => operation is not AugmentEmbeddingOperation).Select(operation => operation.Name));
        var trace = new Trace();
        told.Read(trace, "sample", "timesteps", "labels", "augmentation");
        Assert.Equal(told.Operations, trace.Operations);
        Assert.Equal(told.Operations.SkipLast(1).Select(operation => $"{operation.Output.Id}").Order(), trace.Released.Order());
        Assert.Throws<InvalidOperationException>(() => told.Read(trace, "sample", "timesteps", "labels"));
    });

    private static int Change(Resampling resampling) => resampling switch
    {
        Resampling.Down => 1,
        Resampling.Up => -1,
        _ => 0,
    };

    private static string Show(string name, IEnumerable<long> shape) => $"{name} [{string.Join(", ", shape)}]";

    /// <summary>Values are their numbers as text. Fails if one is passed that was given back, or that is not the operation's.</summary>
    private sealed class Trace : INetworkReader<string>
    {
        public List<NetworkOperation> Operations { get; } = [];

        public List<string> Released { get; } = [];

        public string TimeEmbedding(TimeEmbeddingOperation operation, string timesteps) => Next(operation, timesteps);

        public string ClassEmbedding(ClassEmbeddingOperation operation, string embedding, string labels) => Next(operation, embedding, labels);

        public string AugmentEmbedding(AugmentEmbeddingOperation operation, string embedding, string labels) => Next(operation, embedding, labels);

        public string TimeActivation(TimeActivationOperation operation, string embedding) => Next(operation, embedding);

        public string InputConvolution(InputConvolutionOperation operation, string sample) => Next(operation, sample);

        public string Resnet(ResnetOperation operation, string image, string time) => Next(operation, image, time);

        public string Attention(AttentionOperation operation, string image) => Next(operation, image);

        public string Resample(ResampleOperation operation, string image) => Next(operation, image);

        public string Concat(ConcatOperation operation, string image, string skip) => Next(operation, image, skip);

        public string Output(OutputOperation operation, string image, string timesteps) => Next(operation, image, timesteps);

        public void Release(string value) => Released.Add(value);

        private string Next(NetworkOperation operation, params string[] inputs)
        {
            Assert.Equal(
                operation.Inputs.Select(input => Operations.Exists(known => known.Output == input) ? $"{input.Id}" : ""),
                inputs.Select(input => input is "sample" or "timesteps" or "labels" or "augmentation" ? "" : input));
            Assert.Empty(inputs.Intersect(Released));
            Operations.Add(operation);
            return $"{operation.Output.Id}";
        }
    }
}
