using ConsistencyModels.Editing;
using ConsistencyModels.Imaging;
using ConsistencyModels.Models;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Pixels;
using ConsistencyModels.Samplers;
using ConsistencyModels.Server.Requests;
using ConsistencyModels.Server.Serving;

namespace ConsistencyModels.Server.Drawing;

/// <summary>Frames between two pictures or two seeds.</summary>
internal sealed class InterpolatePlan : DrawPlan
{
    // The library's own where nothing was said.
    private const int BetweenPictures = 2;
    private const int BetweenSeeds = 1;

    private readonly (ImageBuffer From, ImageBuffer To)? _ends;

    private InterpolatePlan(ServedModel served, DrawRequest request, (ImageBuffer From, ImageBuffer To)? ends)
        : base(served, request)
    {
        _ends = ends;
        Count = request.Frames;
        Sigma = ends is null ? null : EditPlan.SigmaOf(request, served.Model);
    }

    /// <summary>Checks a request and reads its pictures.</summary>
    /// <exception cref="ProblemException">Something is wrong with it.</exception>
    public static InterpolatePlan Make(ServedModel served, DrawRequest request, ServerLimits limits)
    {
        var (model, seeds) = (served.Model, request.Seeds);
        if (seeds is not null ? seeds.Length != 2 || request.Image is not null || request.To is not null : request.Image is null || request.To is null)
        {
            throw seeds is not null
                ? ProblemException.Of("seeds", request.Image is null && request.To is null ? $"{seeds.Length} seeds" : "seeds and pictures", "two seeds, or two pictures (image and to)")
                : ProblemException.Of(request.Image is null ? "image" : "to", "nothing", "two pictures (image and to), or two seeds");
        }

        var size = model.Config.SampleSize!.Value;
        ThrowIfTooLarge(size, request, limits, "image");
        (ImageBuffer From, ImageBuffer To)? ends = seeds is not null ? null : (Fit("image", request.Image!.Value), Fit("to", request.To!.Value));
        var consistent = model.Kind == ModelKind.Consistency;
        var options = new EditOptions { NumInferenceSteps = request.Steps ?? (consistent ? (ends is null ? BetweenSeeds : BetweenPictures) : null) };
        var shape = new ImageShape(1, model.Config.InChannels, size.Height, size.Width);
        var edit = ends is null ? ImageEdit.Inpaint(ImageMask.None(size)) : ImageEdit.Denoise(EditPlan.SigmaOf(request, model)!.Value);
        var sampling = Checked(() => SamplingRequest.For(model, edit, default, shape, options), "frames");
        return new(served, request, ends)
        {
            Sampler = sampling.Sampler,
            Kind = consistent ? SamplerKind.Multistep : SamplerKind.Heun,
            Size = size,
        };

        ImageBuffer Fit(string field, ReadOnlyMemory<byte> bytes) =>
            new FittedPicture(Decode(field, bytes, limits).WithChannels(model.Config.InChannels), size, FitMode.Crop).Part;
    }

    public override IReadOnlyList<DrawnPicture> Draw(DiffusionPipeline pipeline, IDrawWatcher watcher, CancellationToken cancellation)
    {
        var options = new EditOptions
        {
            NumInferenceSteps = Request.Steps,
            Seed = Seed,
            ClassLabels = Labels is null ? null : [Labels[0]],
            Callback = Preview(watcher),
            Progress = new ProgressTo(watcher),
        };
        var result = _ends is var (from, to)
            ? pipeline.Interpolate(from, to, Count, Sigma, options, cancellation)
            : pipeline.Interpolate(pipeline.LatentOf(Request.Seeds![0]), pipeline.LatentOf(Request.Seeds[1]), Count, options, cancellation);
        return [.. result.Images.Select((image, i) => new DrawnPicture(image, Seed, result.ClassLabels?[i]))];
    }
}
