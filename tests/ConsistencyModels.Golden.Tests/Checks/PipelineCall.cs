using System.Globalization;
using System.Text.Json;
using ConsistencyModels.Noise;
using ConsistencyModels.Pipelines;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>diffusers' arguments of a pipeline's call as ours, and what is wrong with them.</summary>
internal static class PipelineCall
{
    /// <summary>Whatever the arguments have in common with a call that succeeds; the defaults are diffusers' own.</summary>
    internal static GenerateOptions Options(GoldenArguments arguments) => new()
    {
        BatchSize = arguments.Int("batch_size", 1),

        // None is not the default: it says that timesteps are given.
        NumInferenceSteps = arguments.Has("num_inference_steps") ? arguments.Find("num_inference_steps")?.GetInt32() : 1,
        Timesteps = arguments.Find("timesteps") is null ? null : arguments.Ints("timesteps"),
        ClassLabels = Labels(arguments.Find("class_labels")),
        CallbackSteps = arguments.Int("callback_steps", 1),
        OutputType = arguments.Text("output_type", "pil") switch
        {
            "pil" => OutputType.Images,
            "np" => OutputType.Array,
            "pt" => OutputType.Tensor,
            _ => (OutputType)int.MaxValue,
        },
    };

    /// <summary>A call, and the parts of its message if it has to fail; null for them where it has to succeed.</summary>
    internal static (Action Call, string[]? Says) Of(ConsistencyModelPipeline pipeline, GoldenArguments arguments)
    {
        var options = Options(arguments);
        var config = pipeline.Config;
        var size = config.SampleSize!.Value;
        int[] expected = [options.BatchSize!.Value, config.InChannels, size.Height, size.Width];
        var latents = arguments.Find("latents") is null ? null : arguments.Ints("latents");
        if (latents is not null)
        {
            options = options with { Latents = new float[latents.Aggregate(1, (a, b) => a * b)] };
        }

        var generators = Generators(arguments);
        if (generators > 0)
        {
            options = options with { Generator = new PerImageGenerator([.. Enumerable.Range(0, generators).Select(i => new TorchGenerator((ulong)i))]) };
        }

        return (() => pipeline.Generate(options), Fault());

        string[]? Fault()
        {
            if (latents is not null && !latents.SequenceEqual(expected))
            {
                return [$"[{string.Join(", ", expected)}]"];
            }

            // Unlike its scheduler, the pipeline takes both and goes by the list.
            var steps = options.Timesteps is null ? options.NumInferenceSteps : null;
            if (ScheduleFault.Of(steps, options.Timesteps, pipeline.SchedulerConfig.NumTrainTimesteps) is { } fault)
            {
                return fault.Says;
            }

            if (options.ClassLabels?.FirstOrDefault(label => label < 0 || label >= config.NumClassEmbeds) is { } label and not 0)
            {
                return [Text(label), $"0 to {config.NumClassEmbeds - 1}"];
            }

            return
                options.CallbackSteps < 1 ? [Text(options.CallbackSteps), "at least 1"]
                : !Enum.IsDefined(options.OutputType) ? [string.Join(", ", Enum.GetNames<OutputType>())]
                : generators > 0 && generators != options.BatchSize ? [Text(generators), $"batch of {options.BatchSize}"]
                : options.ClassLabels is { Count: > 1 } labels && labels.Count != options.BatchSize ? [$"{labels.Count} class labels", Text(options.BatchSize.Value)]
                : null;
        }
    }

    /// <summary>A number as the label of several images: an error in Python, one for all of them here.</summary>
    internal static bool PythonIsStricter(GoldenArguments arguments) =>
        arguments.Int("batch_size", 1) > 1 && arguments.Find("class_labels") is { ValueKind: JsonValueKind.Number };

    // "[one torch.Generator]": a list of one.
    private static int Generators(GoldenArguments arguments) => arguments.Text("generator", "") switch
    {
        "" => 0,
        "[one torch.Generator]" => 1,
        var other => throw new InvalidOperationException($"The check does not know the generator \"{other}\"."),
    };

    private static int[]? Labels(JsonElement? labels) => labels switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } one => [one.GetInt32()],
        { } several => [.. several.EnumerateArray().Select(label => label.GetInt32())],
    };

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
