using ConsistencyModels.Cli.Generating;
using ConsistencyModels.Editing;
using ConsistencyModels.Models;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Cli.Edits;

/// <summary>
/// A <c>cm edit</c> command, checked against the model's small files, with its pictures read: whatever is wrong with it is said
/// before the weights are loaded and before anything is written.
/// </summary>
internal sealed record EditWork
{
    private const int VariationCount = 4;

    /// <summary>The model's folder or file.</summary>
    public required string Folder { get; init; }

    /// <summary>The model.</summary>
    public required PipelineDescription Model { get; init; }

    /// <summary>The size it works at.</summary>
    public required ImageSize Size { get; init; }

    /// <summary>The pictures; none for an interpolation of seeds.</summary>
    public required IReadOnlyList<EditInput> Inputs { get; init; }

    /// <summary>Results for each picture.</summary>
    public required int Count { get; init; }

    /// <summary>Seed of the first result.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The classes, a picture each in turn; null where each is drawn.</summary>
    public required IReadOnlyList<int>? Classes { get; init; }

    /// <summary>Where results go.</summary>
    public required PictureFiles Files { get; init; }

    /// <summary>Whether the strips of all pictures make one sheet.</summary>
    public bool OneSheet => Inputs.All(input => !input.Tiled && input.Before() is var before && before.Width == Inputs[0].Before().Width && before.Height == Inputs[0].Before().Height);

    /// <summary>Checks the settings and reads the pictures.</summary>
    /// <param name="settings">The words of the command line.</param>
    /// <param name="console">Where to show the progress of downloading the model.</param>
    /// <param name="cancellation">Ends a download.</param>
    /// <exception cref="ConsistencyModelsException">A setting does not fit the model, a picture or another setting.</exception>
    public static EditWork Make(EditSettings settings, CliConsole console, CancellationToken cancellation)
    {
        CheckWords(settings);
        var folder = settings.Engine.Model.Find(console, cancellation);
        var model = settings.Engine.Model.Describe(folder);
        var network = model.Network;
        var size = network.SampleSize ?? throw new ConsistencyModelsException("the model does not say which size it was made for, so nothing can be brought to it");
        CheckModel(settings, model, size);
        var inputs = settings.Inputs.Select(path => EditInput.Read(settings, path, network.InChannels, size)).ToList();
        var count = settings.Count ?? (settings.Verb == EditVerb.Variations ? VariationCount : 1);
        var work = new EditWork
        {
            Folder = folder,
            Model = model,
            Size = size,
            Inputs = inputs,
            Count = count,
            Seed = settings.Seed ?? (ulong)Random.Shared.Next(),
            Classes = ClassChoice.Parse(settings.Classes, network.NumClassEmbeds, model.ClassNames),
            Files = null!,
        };
        var files = settings.Verb == EditVerb.Interpolate ? 1 : settings.Compare ? (work.OneSheet ? 1 : inputs.Count) : inputs.Count * count;
        return work with { Files = new PictureFiles(settings.Out, settings.Format, files) };
    }

    private static void CheckWords(EditSettings settings)
    {
        if (settings.Steps is not null && settings.Timesteps is not null)
        {
            throw new ConsistencyModelsException("--steps and --timesteps say the same thing in two ways; give one of them");
        }

        if (settings.Mask.Sources > 1)
        {
            throw new ConsistencyModelsException("--mask, --alpha, --rect and --auto each say what to keep; give one of them");
        }

        if (settings.Verb == EditVerb.Inpaint && settings.Mask.Sources == 0)
        {
            throw new ConsistencyModelsException($"nothing says what to fill: give --mask FILE, --alpha, --rect X,Y,W,H, or to try it --auto {ImageMask.DemoNames[0]}");
        }

        if (settings.Verb == EditVerb.Interpolate && (settings.Seeds is null ? settings.Inputs.Count != 2 : settings.Inputs.Count != 0))
        {
            throw new ConsistencyModelsException($"an interpolation is between two pictures or two --seeds; found {settings.Inputs.Count} pictures{(settings.Seeds is null ? "" : " and --seeds")}");
        }
    }

    private static void CheckModel(EditSettings settings, PipelineDescription model, ImageSize size)
    {
        var shape = new ImageShape(1, model.Network.InChannels, size.Height, size.Width);
        if (shape.Channels is not (1 or 3 or 4))
        {
            throw new ConsistencyModelsException($"the model's images have {shape.Channels} channels and are no pictures; expected 1, 3 or 4");
        }

        if (settings.Verb == EditVerb.Colorize || settings.Colorize)
        {
            Measurement.Colorization(size).ThrowIfNotFor(shape);
        }

        if (settings.Verb == EditVerb.Superres)
        {
            new PatchTransform(settings.Factor).ThrowIfNotFor(shape);
        }

        CheckSteps(settings, model);
        if (settings.Sigma is { } sigma && sigma <= model.Scheduler.SigmaMin)
        {
            throw new ConsistencyModelsException($"--sigma is {sigma}, expected a noise level above the model's smallest, {model.Scheduler.SigmaMin}");
        }
    }

    private static void CheckSteps(EditSettings settings, PipelineDescription model)
    {
        try
        {
            if (settings.Timesteps is { } timesteps)
            {
                _ = MultistepSchedule.FromTimesteps(timesteps, model.Scheduler);
            }
            else if (settings.Steps is { } steps && settings.Verb is EditVerb.Inpaint or EditVerb.Colorize or EditVerb.Superres)
            {
                _ = MultistepSchedule.FromSteps(steps, model.Scheduler);
            }
        }
        catch (ArgumentException e)
        {
            var option = settings.Timesteps is null ? "--steps" : "--timesteps";
            throw new ConsistencyModelsException($"{option}: {Failure.Of(e).Line} For example {(settings.Timesteps is null ? "--steps 4" : "--timesteps 30,20,10,0")}", e);
        }
    }
}
