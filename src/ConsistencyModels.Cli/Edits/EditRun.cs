using System.Diagnostics;
using ConsistencyModels.Editing;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Edits;

/// <summary>Does what an <see cref="EditWork"/> says.</summary>
internal sealed class EditRun(EditSettings settings, EditWork work, CliConsole console, CancellationToken cancellation)
{
    private const int MostPixels = 1 << 24;

    private double _done;
    private double _total;

    /// <summary>Loads the model, edits and writes.</summary>
    public EditReport Execute()
    {
        foreach (var note in work.Inputs.Select(input => input.Note).OfType<string>())
        {
            console.Error.WriteLine($"cm: {note}");
        }

        var clock = Stopwatch.StartNew();
        using var pipeline = Waiting.For(console, "loading the model", _ => settings.Engine.Load(work.Folder));
        var loaded = clock.Elapsed;
        var writer = new EditWriter(settings, work);
        Waiting.For(console, "editing", report =>
        {
            if (settings.Verb == EditVerb.Interpolate)
            {
                writer.WriteFrames(Interpolate(pipeline, progress => report(progress, "")));
            }
            else
            {
                writer.Write(Edit(pipeline, progress => report(progress, "")));
            }

            return true;
        });
        return new(settings, work, writer.Files, loaded, clock.Elapsed - loaded);
    }

    private IReadOnlyList<ImageBuffer> Interpolate(ConsistencyModelPipeline pipeline, Action<double> report)
    {
        _total = settings.Frames;
        var options = Options(report, settings.Frames) with
        {
            Seed = work.Seed,
            ClassLabels = work.Classes is { } classes ? [classes[0]] : null,
        };
        return settings.Seeds is [var from, var to]
            ? pipeline.Interpolate(pipeline.LatentOf(from), pipeline.LatentOf(to), settings.Frames, options, cancellation).Images
            : pipeline.Interpolate(
                work.Inputs[0].Fitted.Parts[0], work.Inputs[1].Fitted.Parts[0], settings.Frames, settings.Sigma ?? ConsistencyModelPipeline.DefaultVariationSigma, options, cancellation).Images;
    }

    /// <summary>The results by picture, result and part.</summary>
    private ImageBuffer[][][] Edit(ConsistencyModelPipeline pipeline, Action<double> report)
    {
        ImageBuffer[][][] results = [.. work.Inputs.Select(input =>
            Enumerable.Range(0, work.Count).Select(_ => new ImageBuffer[input.Fitted.Parts.Count]).ToArray())];
        var jobs = Jobs().ToList();
        var block = Math.Max(1, MostPixels / (pipeline.Config.InChannels * work.Size.Height * work.Size.Width));
        _total = jobs.Count;
        foreach (var some in jobs.Chunk(block))
        {
            var options = Options(report, some.Length) with
            {
                Seeds = [.. some.Select(job => job.Seed)],
                ClassLabels = work.Classes is { } classes ? [.. some.Select(job => classes[job.Input % classes.Count])] : null,
            };
            var images = Edit(pipeline, some, options).Images;
            for (var i = 0; i < some.Length; i++)
            {
                results[some[i].Input][some[i].Result][some[i].Part] = images[i];
            }

            _done += some.Length;
        }

        return results;
    }

    private IEnumerable<EditJob> Jobs()
    {
        var seed = work.Seed;
        for (var input = 0; input < work.Inputs.Count; input++)
        {
            var parts = work.Inputs[input].Fitted.Parts;
            var masks = work.Inputs[input].PartMasks;
            for (var result = 0; result < work.Count; result++)
            {
                for (var part = 0; part < parts.Count; part++)
                {
                    yield return new(input, result, part, parts[part], masks.Count == 0 ? null : masks[part], seed++);
                }
            }
        }
    }

    private GenerateResult Edit(ConsistencyModelPipeline pipeline, IReadOnlyList<EditJob> jobs, EditOptions options)
    {
        ImageBuffer[] images = [.. jobs.Select(job => job.Image)];
        var known = jobs[0].Mask is null ? null : ImageMask.Stack([.. jobs.Select(job => job.Mask!)]);
        return settings.Verb switch
        {
            EditVerb.Inpaint => pipeline.Edit(images, settings.Colorize ? Measurement.Colorization(known!) : Measurement.Inpainting(known!), options, cancellation),
            EditVerb.Colorize => pipeline.Edit(images, Colorization(known), options, cancellation),
            EditVerb.Superres => pipeline.SuperResolve(images, settings.Factor, options, cancellation),
            EditVerb.Stroke => pipeline.Stroke(images, settings.Sigma ?? ConsistencyModelPipeline.DefaultStrokeSigma, options, cancellation),
            EditVerb.Variations => pipeline.Stroke(images, settings.Sigma ?? ConsistencyModelPipeline.DefaultVariationSigma, options, cancellation),
            EditVerb.Denoise => pipeline.Denoise(images, settings.Sigma!.Value, settings.AddNoise, options, cancellation),
            _ => throw new InvalidOperationException($"{settings.Verb} is no edit of single pictures."),
        };
    }

    private IMeasurement Colorization(ImageMask? known)
    {
        var gray = Measurement.Colorization(work.Size);
        return known is null ? gray : Measurement.Blend(gray, Measurement.Inpainting(known));
    }

    private EditOptions Options(Action<double> report, int images) => new()
    {
        NumInferenceSteps = settings.Steps,
        Timesteps = settings.Timesteps,
        ChunkSize = settings.Engine.Chunk,
        Progress = new Told<GenerateProgress>(progress => report((_done + (progress.Fraction * images)) / _total)),
    };
}
