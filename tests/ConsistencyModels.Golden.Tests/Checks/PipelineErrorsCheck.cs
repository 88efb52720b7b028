using ConsistencyModels.Networks;
using ConsistencyModels.Pipelines;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>
/// Which calls of the pipeline and of the network fail. Where Python fails, so must we, except where a comment says why not;
/// every message tells what was found or expected, as the recorded arguments have it.
/// </summary>
internal sealed class PipelineErrorsCheck : IGoldenCheck
{
    public string Kind => "pipeline_errors";

    public void Check(GoldenCase golden)
    {
        var config = PipelineCheck.Config(golden);
        using var network = new NoNetwork(config);
        using var pipeline = new ConsistencyModelPipeline(network);
        using var without = new NoNetwork(config with { NumClassEmbeds = null });
        using var unconditional = new ConsistencyModelPipeline(without);
        foreach (var item in golden.Json.Objects("cases"))
        {
            var what = item.Text("what");
            var arguments = item.Find("kwargs") is { } kwargs ? new GoldenArguments(PythonLiteral.Parse(kwargs.GetString()!), what) : null;
            var (call, says) = arguments is null ? Call(what, config, unconditional) : PipelineCall.Of(pipeline, arguments);
            Assert.True(arguments is null || !arguments.Unread().Any(), $"{what}: nobody reads {string.Join(", ", arguments?.Unread() ?? [])}");
            var fails = item.Find("error") is not null;
            var error = Record.Exception(call);
            if (says is null)
            {
                Assert.True(error is null, $"{what}: {error}");
                Assert.True(!fails || (arguments is not null && PipelineCall.PythonIsStricter(arguments)), $"{what}: Python refuses it");
                continue;
            }

            Assert.True(fails, $"{what}: Python takes it");
            Assert.True(error is ArgumentException or ConsistencyModelsException, $"{what}: expected an error, found {error?.GetType().Name ?? "none"}");
            Assert.All(says, part => Assert.True(error!.Message.Contains(part, StringComparison.Ordinal), $"{what}: \"{error.Message}\" does not say \"{part}\""));
        }
    }

    /// <summary>The calls that were recorded without their arguments, and what their messages must say; null for one that succeeds.</summary>
    private static (Action Call, string[]? Says) Call(string what, UNet2DConfig config, ConsistencyModelPipeline unconditional) => what switch
    {
        // A model without classes takes no notice of labels, and says so by returning none.
        "class_labels given to an unconditional UNet through the pipeline" => (
            () => Assert.Null(unconditional.Generate(new() { ClassLabels = [1] }).ClassLabels), null),
        "UNet2DModel: class-conditional without labels" => (() => Forward(config, []), ["0 class labels"]),
        "UNet2DModel: labels to an unconditional model" => (() => Forward(config with { NumClassEmbeds = null }, [1]), ["no classes"]),
        "UNet2DModel constructor: down/up block count differ" => (Describe(config with { UpBlockTypes = ["AttnUpBlock2D"] }), ["up_block_types"]),
        "UNet2DModel constructor: block_out_channels count differs" => (Describe(config with { BlockOutChannels = [32, 32, 32, 32, 32] }), ["block_types"]),
        "UNet2DModel constructor: unknown block" => (Describe(config with { DownBlockTypes = ["Foo", "AttnDownBlock2D"] }), ["Foo"]),
        "UNet2DModel constructor: channels not divisible by groups" => (Describe(config with { BlockOutChannels = [33, 64] }), ["norm_num_groups"]),
        _ => throw new InvalidOperationException($"The case \"{what}\" has no arguments, and the check does not know it by name."),
    };

    private static Action Describe(UNet2DConfig config) => () => UNet2DDescription.Of(config);

    private static void Forward(UNet2DConfig config, int[] labels)
    {
        var size = config.SampleSize!.Value;
        var shape = new ImageShape(1, config.InChannels, size.Height, size.Width);
        ForwardArguments.ThrowIfInvalid(config, shape.Length, shape, 1, labels, (shape with { Channels = config.OutChannels }).Length);
    }

    /// <summary>A network of a configuration that checks its arguments and gives zeros: what fails here fails before any arithmetic.</summary>
    private sealed class NoNetwork(UNet2DConfig config) : IUNet
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
