using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using ConsistencyModels.Pipelines;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>
/// Which calls of the pipeline and of the network fail. Where Python fails, so must we, except where a comment says why not;
/// every message names what was found or expected.
/// </summary>
internal sealed class PipelineErrorsCheck : IGoldenCheck
{
    private static readonly float[] WrongLatents = new float[2 * 3 * 32 * 32];

    public string Kind => "pipeline_errors";

    public void Check(GoldenCase golden)
    {
        using var scheduler = System.Text.Json.JsonDocument.Parse("{}");
        using var pipeline = PipelineCheck.Load(golden, scheduler.RootElement, Engines.All[0]);
        foreach (var item in golden.Json.GetProperty("cases").EnumerateArray())
        {
            var what = item.GetProperty("what").GetString()!;
            var fails = item.Optional("error") is not null;
            var (call, part) = Call(what, pipeline);
            var error = Record.Exception(call);
            if (part is null)
            {
                Assert.Null(error);
                continue;
            }

            Assert.True(fails, what);
            Assert.True(error is ArgumentException or ConsistencyModelsException, $"{what}: expected an error, found {error?.GetType().Name ?? "none"}");
            Assert.True(error!.Message.Contains(part, StringComparison.Ordinal), $"{what}: \"{error.Message}\" does not say \"{part}\"");
        }
    }

    /// <summary>The call, and what its message must say; null for a call that succeeds.</summary>
    private static (Action Call, string? Says) Call(string what, ConsistencyModelPipeline pipeline)
    {
        return what switch
        {
            "both None" => (Generate(new() { NumInferenceSteps = null }), "found neither"),
            "latents of a wrong shape" => (Generate(new() { Latents = WrongLatents, ClassLabels = [1] }), "[1, 3, 32, 32]"),
            "callback_steps 0" => (Generate(new() { CallbackSteps = 0, ClassLabels = [1] }), "at least 1"),
            "bad output_type" => (Generate(new() { OutputType = (OutputType)17, ClassLabels = [1] }), "Images, Array, Tensor, Raw"),

            // A single label is a list of one here, and such a list Python spreads over the batch as well.
            "int label with batch 2" => (Generate(new() { BatchSize = 2, ClassLabels = [1] }), null),
            "label out of range" => (Generate(new() { ClassLabels = [1_000_000] }), "0 to 999"),
            "generator list of wrong length" => (
                Generate(new() { BatchSize = 2, ClassLabels = [0, 1], Generator = new PerImageGenerator([new TorchGenerator(0)]) }), "batch of 2"),
            "ascending timesteps" => (Generate(new() { Timesteps = [0, 22], NumInferenceSteps = null, ClassLabels = [1] }), "descending"),
            "too many labels for the batch" => (Generate(new() { BatchSize = 2, ClassLabels = [0, 1, 2] }), "3 class labels"),
            "class_labels given to an unconditional UNet through the pipeline" => (() => Unconditional(pipeline), null),
            "UNet2DModel: class-conditional without labels" => (() => Forward(pipeline.Config, []), "0 class labels"),
            "UNet2DModel: labels to an unconditional model" => (() => Forward(pipeline.Config with { NumClassEmbeds = null }, [1]), "no classes"),
            "UNet2DModel constructor: down/up block count differ" => (
                Describe(pipeline.Config with { UpBlockTypes = ["AttnUpBlock2D"] }), "up_block_types"),
            "UNet2DModel constructor: block_out_channels count differs" => (
                Describe(pipeline.Config with { BlockOutChannels = [32, 32, 32, 32, 32] }), "block_types"),
            "UNet2DModel constructor: unknown block" => (
                Describe(pipeline.Config with { DownBlockTypes = ["Foo", "AttnDownBlock2D"] }), "Foo"),
            "UNet2DModel constructor: channels not divisible by groups" => (
                Describe(pipeline.Config with { BlockOutChannels = [33, 64] }), "norm_num_groups"),
            _ => throw new InvalidOperationException($"no such case: {what}"),
        };

        Action Generate(GenerateOptions options) => () => pipeline.Generate(options);
    }

    private static Action Describe(UNet2DConfig config) => () => UNet2DDescription.Of(config);

    private static void Forward(UNet2DConfig config, int[] labels)
    {
        var shape = new ImageShape(1, 3, 32, 32);
        ForwardArguments.ThrowIfInvalid(config, shape.Length, shape, 1, labels, shape.Length);
    }

    /// <summary>A model without classes takes no notice of labels, and says so by returning none.</summary>
    private static void Unconditional(ConsistencyModelPipeline conditional)
    {
        using var network = new NoClasses(conditional.Config with { NumClassEmbeds = null });
        using var pipeline = new ConsistencyModelPipeline(network);
        Assert.Null(pipeline.Generate(new() { ClassLabels = [1] }).ClassLabels);
    }

    private sealed class NoClasses(UNet2DConfig config) : IUNet
    {
        public UNet2DConfig Config { get; } = config;

        public void Forward(
            ReadOnlySpan<float> sample,
            ImageShape shape,
            ReadOnlySpan<float> timesteps,
            ReadOnlySpan<int> classLabels,
            Span<float> output,
            CancellationToken cancellationToken = default)
        {
            ForwardArguments.ThrowIfInvalid(Config, sample.Length, shape, timesteps.Length, classLabels, output.Length);
            output.Clear();
        }

        public void Dispose()
        {
        }
    }
}
