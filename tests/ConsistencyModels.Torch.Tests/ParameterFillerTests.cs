using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Torch.Tests;

/// <summary>What loads and what does not.</summary>
public sealed class ParameterFillerTests : IDisposable
{
    private static readonly (string Old, string New)[] OldNames =
        [(".query.", ".to_q."), (".key.", ".to_k."), (".value.", ".to_v."), (".proj_attn.", ".to_out.0.")];

    private readonly TempFolder _folder = new();

    [Theory]
    [InlineData(nameof(Networks.Conditional))]
    [InlineData(nameof(Networks.Plain))]
    [InlineData(nameof(Networks.Fourier))]
    public void A_checkpoint_gives_the_network_it_was_made_from(string name)
    {
        var config = Networks.Named(name);
        using var fresh = new TorchUNet(Networks.Make(config));
        using var loaded = Load(config, Networks.Weights(config));
        Assert.Equal(Networks.Run(fresh), Networks.Run(loaded));
    }

    [Fact]
    public void Attention_under_its_old_names_loads()
    {
        var config = Networks.Conditional;
        using var today = Load(config, Networks.Weights(config));
        var renamed = 0;
        using var old = LoadRenamed(config, name =>
        {
            var other = OldNames.Aggregate(name, (n, pair) => n.Replace(pair.New, pair.Old, StringComparison.Ordinal));
            renamed += other == name ? 0 : 1;
            return [other];
        });
        Assert.Equal(Networks.Run(today), Networks.Run(old));

        // Weight and bias of four layers, in one attention on the way down, one in the middle and two on the way up.
        Assert.Equal(2 * 4 * 4, renamed);
    }

    [Theory]
    [InlineData("time_proj.weight")]
    [InlineData("time_proj.W")]
    [InlineData("time_proj.weight", "time_proj.W")]
    public void Fourier_frequencies_load_under_either_name_and_under_both(params string[] names)
    {
        var config = Networks.Fourier;
        using var today = Load(config, Networks.Weights(config));
        using var other = LoadRenamed(config, name => name == "time_proj.weight" ? names : [name]);
        Assert.Equal(Networks.Run(today), Networks.Run(other));
    }

    [Fact]
    public void A_missing_an_unknown_and_a_misshapen_tensor_are_all_named()
    {
        var config = Networks.Plain;
        var tensors = Networks.Weights(config).Where(tensor => tensor.Info.Name != "conv_out.bias").Select(tensor =>
            tensor.Info.Name == "conv_in.bias" ? TensorToWrite.FromFloats("conv_in.bias", [4, 4], new float[16]) : tensor);
        var error = Assert.Throws<CheckpointException>(() => Load(config, tensors.Append(TensorToWrite.FromFloats("extra", [1], new float[1]))));
        Assert.Contains("1 missing: 'conv_out.bias'", error.Message, StringComparison.Ordinal);
        Assert.Contains("1 unexpected: 'extra'", error.Message, StringComparison.Ordinal);
        Assert.Contains("'conv_in.bias' is [4, 4], expected [16]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fresh_values_follow_the_generator()
    {
        using var one = new TorchUNet(Networks.Make(Networks.Plain));
        using var two = new TorchUNet(Networks.Make(Networks.Plain));
        Assert.Equal(Networks.Run(one), Networks.Run(two));

        using var network = new UNet2DModel(UNet2DDescription.Of(Networks.Plain));
        ParameterFiller.Initialize(network, new TorchGenerator(7), zeroResiduals: true);
        using var zero = new TorchUNet(network, owns: false);
        Assert.All(Networks.Run(zero), value => Assert.Equal(0, value));
    }

    public void Dispose() => _folder.Dispose();

    private IUNet LoadRenamed(UNet2DConfig config, Func<string, string[]> names)
    {
        var path = _folder.File($"{Guid.NewGuid():N}.safetensors");
        SafetensorsWriter.Write(path, Networks.Weights(config));
        using var source = SafetensorsFile.Open(path);
        return Load(config, source.Tensors.Keys.SelectMany(name => names(name).Select(other => TensorToWrite.FromSource(source, name, newName: other))));
    }

    private IUNet Load(UNet2DConfig config, IEnumerable<TensorToWrite> tensors)
    {
        var path = _folder.File($"{Guid.NewGuid():N}.safetensors");
        SafetensorsWriter.Write(path, tensors);
        using var source = SafetensorsFile.Open(path);
        return new TorchEngine().Load(config, source, new(), TestContext.Current.CancellationToken);
    }
}
