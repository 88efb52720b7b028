using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Cli.Generating;

/// <summary>
/// A <c>cm generate</c> command, checked against the model's small files: whatever is wrong with it is said before the weights
/// are loaded and before anything is written.
/// </summary>
internal sealed record GeneratePlan
{
    // So that the first files are there soon and memory is bounded, and still many network calls' worth.
    private const int MostAtATime = 1024;
    private const int MostValuesAtATime = 1 << 24;

    /// <summary>The model's folder or file.</summary>
    public required string Folder { get; init; }

    /// <summary>The model.</summary>
    public required PipelineDescription Model { get; init; }

    /// <summary>Number of pictures.</summary>
    public required int Count { get; init; }

    /// <summary>Seed of the first picture; the next ones count on.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The classes, in turn; null where each picture draws its own.</summary>
    public required IReadOnlyList<int>? Classes { get; init; }

    /// <summary>Noise to start from, or null.</summary>
    public required Latents? Latents { get; init; }

    /// <summary>Shape of one picture.</summary>
    public required ImageShape Shape { get; init; }

    /// <summary>Number of steps.</summary>
    public required int Steps { get; init; }

    /// <summary>Where pictures go.</summary>
    public required PictureFiles Files { get; init; }

    /// <summary>Pictures generated and written at a time, so that memory does not grow with their number.</summary>
    public int Block => Math.Clamp(MostValuesAtATime / Shape.ImageLength, 1, Math.Min(Count, MostAtATime));

    /// <summary>The name by which pictures and reports call the model.</summary>
    public required string ModelName { get; init; }

    /// <summary>The seed of a picture.</summary>
    public ulong SeedOf(int picture) => unchecked(Seed + (ulong)picture);

    /// <summary>Checks the settings.</summary>
    /// <param name="settings">The words of the command line.</param>
    /// <param name="console">Where to show the progress of downloading the model.</param>
    /// <param name="cancellation">Ends a download.</param>
    /// <exception cref="ConsistencyModelsException">A setting does not fit the model or another setting.</exception>
    public static GeneratePlan Make(GenerateSettings settings, CliConsole console, CancellationToken cancellation)
    {
        if (settings.Steps is not null && settings.Timesteps is not null)
        {
            throw new ConsistencyModelsException("--steps and --timesteps say the same thing in two ways; give one of them");
        }

        var folder = settings.Engine.Model.Find(console, cancellation);
        var model = settings.Engine.Model.Describe(folder);
        var steps = CheckSchedule(settings, model.Scheduler);
        var classes = ClassChoice.Parse(settings.Classes, model.Network.NumClassEmbeds, model.ClassNames);
        var latents = settings.Latents is null ? null : Latents.Load(settings.Latents, model.Network);
        var count = settings.Count ?? latents?.Shape.Batch ?? classes?.Count ?? 1;
        if (latents is not null && latents.Shape.Batch != count)
        {
            throw new ConsistencyModelsException($"--count is {count}, but {settings.Latents} holds noise for {latents.Shape.Batch} pictures; leave --count out");
        }

        return new()
        {
            Folder = folder,
            Model = model,
            ModelName = settings.Engine.Model.ShortName,
            Count = count,
            Seed = settings.Seed ?? (ulong)Random.Shared.Next(),
            Classes = classes,
            Latents = latents,
            Shape = latents?.Shape.WithBatch(1) ?? Size(settings, model.Network),
            Steps = steps,
            Files = new PictureFiles(settings.Out, settings.Format, settings.Grid ? 1 : count),
        };
    }

    private static int CheckSchedule(GenerateSettings settings, CMStochasticIterativeSchedulerConfig config)
    {
        var schedule = new CMStochasticIterativeScheduler(config);
        try
        {
            if (settings.Timesteps is { } timesteps)
            {
                schedule.SetTimesteps(timesteps);
            }
            else
            {
                schedule.SetTimesteps(settings.Steps ?? 1);
            }
        }
        catch (ArgumentException e)
        {
            var option = settings.Timesteps is null ? "--steps" : "--timesteps";
            throw new ConsistencyModelsException($"{option}: {Failure.Of(e).Line} For example {(settings.Timesteps is null ? "--steps 2" : "--timesteps 22,0")}", e);
        }

        return schedule.Timesteps.Count;
    }

    private static ImageShape Size(GenerateSettings settings, UNet2DConfig network)
    {
        if (settings.Size is not { } size)
        {
            return network.SampleSize is { } made
                ? new(1, network.InChannels, made.Height, made.Width)
                : throw new ConsistencyModelsException("the model does not say which size it was made for; give --size");
        }

        return size % network.SpatialFactor == 0
            ? new(1, network.InChannels, size, size)
            : throw new ConsistencyModelsException($"--size is {size}, expected a multiple of {network.SpatialFactor}");
    }
}
