using ConsistencyModels.Denoising;
using ConsistencyModels.Models;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Samplers;
using ConsistencyModels.Server.Requests;
using ConsistencyModels.Server.Serving;

namespace ConsistencyModels.Server.Drawing;

/// <summary>Pictures of noise.</summary>
internal sealed class GeneratePlan : DrawPlan
{
    private readonly GenerateOptions _options;

    private GeneratePlan(ServedModel served, DrawRequest request, GenerateOptions options)
        : base(served, request)
    {
        _options = options;
        Count = request.Count ?? request.Seeds?.Length ?? Labels?.Count ?? 1;
        if (request.Seeds is { } seeds && (seeds.Length != Count || request.Seed is not null))
        {
            throw request.Seed is not null
                ? ProblemException.Of("seeds", "both seed and seeds", "one of them")
                : ProblemException.Of("seeds", $"{seeds.Length} seeds for {Count} pictures", "one for each");
        }
    }

    /// <summary>Checks a request.</summary>
    /// <exception cref="ProblemException">Something is wrong with it.</exception>
    public static GeneratePlan Make(ServedModel served, DrawRequest request, ServerLimits limits)
    {
        var model = served.Model;
        if (request is { Steps: not null, Timesteps: not null })
        {
            throw ProblemException.Of("timesteps", "both steps and timesteps", "one of them");
        }

        var made = model.Config.SampleSize!.Value;
        var size = new ImageSize(request.Height ?? made.Height, request.Width ?? made.Width);
        ThrowIfTooLarge(size, request, limits, "width");
        var tiles = size.Height > made.Height || size.Width > made.Width ? new TileOptions() : null;
        var kind = request.Sampler ?? (model.Kind == ModelKind.Consistency ? SamplerKind.Multistep : SamplerKind.Heun);
        var settings = new SamplerSettings
        {
            Kind = kind,
            Steps = request.Steps ?? (tiles is not null && kind == SamplerKind.Multistep && request.Timesteps is null
                ? Math.Min(SamplingRequest.TiledSteps, model.Scheduler.NumTrainTimesteps) : null),
            Timesteps = request.Timesteps,
            SigmaMax = request.SigmaMax,
            Churn = request.Churn,
        };
        var options = new GenerateOptions
        {
            Sampler = Checked(() => settings.Create(model.Scheduler), "sampler"),
            NumInferenceSteps = null,
            Height = size.Height,
            Width = size.Width,
            Tiles = tiles,
        };
        var checkedRequest = Checked(() => SamplingRequest.For(model, options with { BatchSize = 1 }), "width");
        return new(served, request, options) { Sampler = checkedRequest.Sampler, Kind = kind, Size = size };
    }

    public override IReadOnlyList<DrawnPicture> Draw(DiffusionPipeline pipeline, IDrawWatcher watcher, CancellationToken cancellation)
    {
        var result = pipeline.Generate(
            _options with
            {
                BatchSize = Count,
                Seeds = [.. Enumerable.Range(0, Count).Select(SeedOf)],
                ClassLabels = LabelsOfResults(),
                Callback = Preview(watcher),
                Progress = new ProgressTo(watcher),
            },
            cancellation);
        return [.. result.Images.Select((image, i) => new DrawnPicture(image, result.Seeds[i], result.ClassLabels?[i]))];
    }

    protected override ulong SeedOf(int index) => Request.Seeds?[index] ?? base.SeedOf(index);
}
