using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cpu;
using ConsistencyModels.Denoising;
using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;
using ConsistencyModels.Shared;
using ConsistencyModels.Tests.Cpu;

namespace ConsistencyModels.Onnx.Tests;

/// <summary>The consistency function, weights in a second file, and what is refused.</summary>
public sealed class ExportedFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string File => _folder.File("model.onnx");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_consistency_function_is_the_denoiser(bool clip)
    {
        using var golden = new GoldenUNet("test_config");
        var scheduler = new CMStochasticIterativeSchedulerConfig { ClipDenoised = clip, SigmaMin = 0.004, SigmaData = 0.6 };
        OnnxExporter.Export(golden.Config, scheduler, golden.Weights, File, new() { Function = OnnxFunction.Consistency }, TestContext.Current.CancellationToken);
        using var exported = new OnnxUNet(File, golden.Config);
        Assert.Equal(["x", "sigma", "class_labels"], exported.Inputs);
        Assert.Equal(["denoised"], exported.Outputs);
        using var network = new CpuEngine().Load(golden.Config, golden.Weights, new EngineOptions(), TestContext.Current.CancellationToken);
        var denoiser = new Denoiser(network, Preconditioning.Consistency(0.6, 0.004), clip);

        float[] sigmas = [80, 5.5f, 0.3f, 0.004f];
        var shape = golden.Shape.WithBatch(sigmas.Length);
        var x = Reference.Normal(new System.Random(1), shape.Length);
        for (var i = 0; i < x.Length; i++)
        {
            x[i] *= sigmas[i / shape.ImageLength];
        }

        float[] expected = new float[x.Length], actual = new float[x.Length];
        denoiser.Denoise(x, shape, NoiseLevel.Of(sigmas), [0, 1, 2, 3], expected, TestContext.Current.CancellationToken);
        exported.Forward(x, shape, sigmas, [0, 1, 2, 3], actual, TestContext.Current.CancellationToken);
        Assert.InRange(expected.Zip(actual, (a, b) => MathF.Abs(a - b)).Max(), 0, 1e-4);

        // At sigma_min it is the identity, exactly.
        Assert.Equal(x.AsSpan(3 * shape.ImageLength).ToArray(), actual.AsSpan(3 * shape.ImageLength).ToArray());
    }

    [Fact]
    public void Large_weights_go_to_a_second_file_and_mean_the_same()
    {
        using var golden = new GoldenUNet("test_config");
        var together = Forward(golden, new OnnxExportOptions());
        Assert.Equal([File], Files());

        var apart = Forward(golden, new OnnxExportOptions { LargestSingleFile = 0 });
        Assert.Equal(together, apart);
        Assert.Equal([File, File + ".data"], Files());
        Assert.InRange(new FileInfo(File).Length, 1, new FileInfo(File + ".data").Length / 2);

        // A model in one file does not leave the other's weights behind.
        Assert.Equal(together, Forward(golden, new OnnxExportOptions()));
        Assert.Equal([File], Files());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1 << 28)]
    public void A_failure_leaves_no_file_and_what_was_there_stays(long largest)
    {
        using var golden = new GoldenUNet("test_config");
        using var broken = new BrokenTensors(golden.Weights);
        var options = new OnnxExportOptions { LargestSingleFile = largest };
        Assert.Throws<ConsistencyModelsException>(() => OnnxExporter.Export(golden.Config, new(), broken, File, options, TestContext.Current.CancellationToken));
        Assert.Empty(Files());

        var before = Forward(golden, options);
        var files = Files();
        Assert.Throws<ConsistencyModelsException>(() => OnnxExporter.Export(golden.Config, new(), broken, File, options, TestContext.Current.CancellationToken));
        Assert.Equal(files, Files());
        using var kept = new OnnxUNet(File, golden.Config);
        Assert.Equal(before, Run(kept, golden));
    }

    [Fact]
    public void What_cannot_be_exported_is_refused()
    {
        using var golden = new GoldenUNet("test_config");
        string Refusal(UNet2DConfig config, OnnxExportOptions options, string path) =>
            Assert.ThrowsAny<ConsistencyModelsException>(() => OnnxExporter.Export(config, new(), golden.Weights, path, options)).Message;

        Assert.Contains("BF16", Refusal(golden.Config, new() { DType = TensorDType.BF16 }, File));
        Assert.Contains("2 GiB", Refusal(golden.Config, new() { LargestSingleFile = int.MaxValue }, File));
        Assert.Contains("in_channels", Refusal(golden.Config with { OutChannels = 4 }, new() { Function = OnnxFunction.Consistency }, File));
        Assert.Contains("missing", Refusal(golden.Config with { LayersPerBlock = 3 }, new(), File));
        Assert.Contains("folder does not exist", Refusal(golden.Config, new(), _folder.File("none/model.onnx")));
        Assert.Empty(Files());
    }

    private string[] Files() => [.. Directory.GetFiles(_folder.Path, "*", new EnumerationOptions { AttributesToSkip = 0 }).Order(StringComparer.Ordinal)];

    private float[] Forward(GoldenUNet golden, OnnxExportOptions options)
    {
        OnnxExporter.Export(golden.Config, new CMStochasticIterativeSchedulerConfig(), golden.Weights, File, options);
        using var exported = new OnnxUNet(File, golden.Config);
        return Run(exported, golden);
    }

    private static float[] Run(OnnxUNet network, GoldenUNet golden)
    {
        var output = new float[golden.Expected.Length];
        network.Forward(golden.Sample, golden.Shape, golden.Timesteps, golden.Labels, output, TestContext.Current.CancellationToken);
        return output;
    }

    /// <summary>Tensors of a file whose last one cannot be read.</summary>
    private sealed class BrokenTensors(ITensorSource inner) : ITensorSource
    {
        public string Origin => inner.Origin;

        public IReadOnlyDictionary<string, TensorInfo> Tensors => inner.Tensors;

        public IReadOnlyDictionary<string, string> Metadata => inner.Metadata;

        public ReadOnlySpan<byte> Bytes(string name) =>
            name == "conv_out.weight" ? throw new ConsistencyModelsException("conv_out.weight: the disk is broken") : inner.Bytes(name);

        public void CopyTo(string name, Span<float> destination) => Bytes(name).CopyTo(System.Runtime.InteropServices.MemoryMarshal.AsBytes(destination));

        public void Release(string name) => inner.Release(name);

        public void Dispose()
        {
        }
    }
}
