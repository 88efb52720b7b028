using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cpu;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;
using ConsistencyModels.Shared;
using ConsistencyModels.Tests.Cpu;
using CsCheck;

namespace ConsistencyModels.Onnx.Tests;

/// <summary>Exported networks in ONNX Runtime against the recorded outputs and the CPU engine.</summary>
public sealed class ExportedNetworkTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static readonly Dictionary<string, UNet2DConfig> Configs = new()
    {
        ["plain"] = Tiny(),
        ["scale and shift"] = Tiny() with { ResnetTimeScaleShift = "scale_shift", AttnNormNumGroups = 2 },
        ["scale and shift, middle attention without norm"] = Tiny() with { ResnetTimeScaleShift = "scale_shift" },
        ["classes"] = Tiny() with { NumClassEmbeds = 5 },
        ["fourier"] = Tiny() with { TimeEmbeddingType = "fourier" },
        ["sines first, shifted"] = Tiny() with { FlipSinToCos = false, FreqShift = 1 },
        ["odd widths, heads that leave channels out"] = Tiny() with { BlockOutChannels = [9, 15], NormNumGroups = 3, AttentionHeadDim = 4 },
        ["one head"] = Tiny() with { AttentionHeadDim = null },
        ["no middle"] = Tiny() with { MidBlockType = null },
        ["no attention in the middle, scaled"] = Tiny() with { AddAttention = false, MidBlockScaleFactor = 1.5 },
        ["attention in the middle, scaled"] = Tiny() with { MidBlockScaleFactor = 1.5 },
        ["padding at the far edges"] = Tiny() with { DownsamplePadding = 0 },
        ["resnets resample"] = Tiny() with { DownBlockTypes = ["ResnetDownsampleBlock2D", "AttnDownBlock2D"], UpBlockTypes = ["AttnUpBlock2D", "UpBlock2D"], UpsampleType = "resnet" },
        ["centred input, other channels out"] = Tiny() with { CenterInputSample = true, InChannels = 2, OutChannels = 5 },
        ["one level"] = Tiny() with { BlockOutChannels = [8], DownBlockTypes = ["AttnDownBlock2D"], UpBlockTypes = ["AttnUpBlock2D"] },
        ["not square"] = Tiny() with { SampleSize = new ImageSize(6, 10) },
    };

    public static TheoryData<string> Names() => [.. Configs.Keys];

    public static TheoryData<string> GoldenNames() => [.. GoldenUNet.Names];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_kind_of_network_gives_what_the_CPU_engine_gives_at_any_batch(string name)
    {
        var config = Configs[name];
        using var weights = RandomNetworks.Weights(config);
        using var exported = Export(config, weights);
        using var engine = new CpuEngine().Load(config, weights, new EngineOptions(), TestContext.Current.CancellationToken);
        foreach (var batch in (int[])[1, 3])
        {
            Same(engine, exported, new ImageShape(batch, config.InChannels, config.SampleSize!.Value.Height, config.SampleSize.Value.Width), batch);
            Same(engine, exported, new ImageShape(batch, config.InChannels, config.SampleSize.Value.Height, config.SampleSize.Value.Width), 1);
        }
    }

    [Fact]
    public void Any_network_computes_what_its_operations_say() => RandomNetworks.Configs.Sample(
        config =>
        {
            using var weights = RandomNetworks.Weights(config);
            using var exported = Export(config, weights);
            RandomNetworks.IsWhatItsOperationsSay(exported, weights);
        },
        iter: 40,
        threads: 1);

    [Fact]
    public void Open_sizes_are_taken_where_they_are_asked_for_or_none_is_stated()
    {
        foreach (var (config, dynamic) in new[] { (Tiny(), true), (Tiny() with { SampleSize = null }, false) })
        {
            using var weights = RandomNetworks.Weights(config);
            using var exported = Export(config, weights, new() { DynamicSize = dynamic });
            using var engine = new CpuEngine().Load(config, weights, new EngineOptions(), TestContext.Current.CancellationToken);
            Same(engine, exported, new ImageShape(2, 3, 8, 8), 2);
            Same(engine, exported, new ImageShape(1, 3, 4, 14), 1);
        }
    }

    [Theory]
    [MemberData(nameof(GoldenNames))]
    public void Half_precision_costs_a_hundredth_and_halves_the_file(string name)
    {
        using var golden = new GoldenUNet(name);
        using var exported = Export(golden.Config, golden.Weights, new() { DType = TensorDType.F16 });
        var half = new FileInfo(_folder.File("network.onnx")).Length;
        var output = new float[golden.Expected.Length];
        exported.Forward(golden.Sample, golden.Shape, golden.Timesteps, golden.Labels, output, TestContext.Current.CancellationToken);

        // Of the output's scale, as the CPU engine's half precision; and not by chance what float32 gives.
        var worst = golden.Expected.Zip(output, (e, a) => MathF.Abs(e - a)).Max();
        Assert.InRange(worst, 1e-6, 2e-2);
        Export(golden.Config, golden.Weights).Dispose();
        Assert.InRange((double)half / new FileInfo(_folder.File("network.onnx")).Length, 0.45, 0.75);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public void The_bundled_model_gives_what_the_CPU_engine_gives(int batch)
    {
        using var model = ModelReader.Open(RepositoryFiles.Model("crawl-tiles-32"));
        var path = _folder.File("tiles.onnx");
        OnnxExporter.Export(model, path, cancellationToken: TestContext.Current.CancellationToken);
        using var exported = new OnnxUNet(path, model.Config);
        using var weights = model.OpenWeights();
        using var engine = new CpuEngine().Load(model.Config, weights, new EngineOptions(), TestContext.Current.CancellationToken);
        Assert.Equal(["sample", "timestep", "class_labels"], exported.Inputs);
        Assert.Equal(["out_sample"], exported.Outputs);
        Same(engine, exported, new ImageShape(batch, 3, 32, 32), batch);
    }

    private static UNet2DConfig Tiny() => new()
    {
        SampleSize = new ImageSize(8, 8),
        BlockOutChannels = [8, 16],
        NormNumGroups = 4,
        LayersPerBlock = 1,
        DownBlockTypes = ["DownBlock2D", "AttnDownBlock2D"],
        UpBlockTypes = ["AttnUpBlock2D", "UpBlock2D"],
        AttentionHeadDim = 8,
    };

    private static void Same(IUNet expected, IUNet actual, ImageShape shape, int timesteps)
    {
        var random = new System.Random(shape.Length);
        var sample = Reference.Normal(random, shape.Length);
        var times = Enumerable.Range(0, timesteps).Select(_ => random.NextSingle() * 1000).ToArray();
        int[] labels = expected.Config.NumClassEmbeds is { } classes ? [.. Enumerable.Range(0, shape.Batch).Select(_ => random.Next(classes))] : [];
        var length = (shape with { Channels = expected.Config.OutChannels }).Length;
        float[] first = new float[length], second = new float[length];
        expected.Forward(sample, shape, times, labels, first, TestContext.Current.CancellationToken);
        actual.Forward(sample, shape, times, labels, second, TestContext.Current.CancellationToken);
        var scale = first.Max(MathF.Abs);
        Assert.InRange(first.Zip(second, (a, b) => MathF.Abs(a - b)).Max(), 0, 1e-4 * scale);
    }

    private OnnxUNet Export(UNet2DConfig config, ITensorSource weights, OnnxExportOptions? options = null)
    {
        var path = _folder.File("network.onnx");
        OnnxExporter.Export(config, new CMStochasticIterativeSchedulerConfig(), weights, path, options);
        return new OnnxUNet(path, config);
    }
}
