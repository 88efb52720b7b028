using ConsistencyModels.Denoising;
using ConsistencyModels.Editing;
using ConsistencyModels.Models;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Samplers;
using ConsistencyModels.Server.Requests;
using ConsistencyModels.Server.Serving;

namespace ConsistencyModels.Server.Drawing;

/// <summary>Edits of one picture.</summary>
internal sealed class EditPlan : DrawPlan
{
    private readonly EditedPicture _picture;
    private readonly ImageEdit _edit;
    private readonly EditOptions _options;

    private EditPlan(ServedModel served, DrawRequest request, EditedPicture picture, ImageEdit edit, EditOptions options)
        : base(served, request)
    {
        (_picture, _edit, _options) = (picture, edit, options);
        Count = request.Count ?? (request.Operation == Operation.Variations ? DrawRequest.DefaultVariations : 1);
        Sigma = edit.Sigma;
        Kept = picture.Kept + ((long)Count * picture.ResultSize.Height * picture.ResultSize.Width);
        Notes = [.. picture.Notes()];
    }

    /// <summary>Checks a request and reads its pictures.</summary>
    /// <exception cref="ProblemException">Something is wrong with it.</exception>
    public static EditPlan Make(ServedModel served, DrawRequest request, ServerLimits limits)
    {
        var model = served.Model;
        if (request is { Steps: not null, Timesteps: not null })
        {
            throw ProblemException.Of("timesteps", "both steps and timesteps", "one of them");
        }

        if (request.Image is not { } bytes)
        {
            throw ProblemException.Of("image", "nothing", "the picture to edit");
        }

        if (request is { Operation: Operation.Denoise, Sigma: null })
        {
            throw ProblemException.Of("sigma", "nothing", "the standard deviation of the picture's noise, on the scale of [-1, 1]");
        }

        var mask = request.Mask is { } drawn ? Decode("mask", drawn, limits) : null;
        var picture = new EditedPicture(request, model, Decode("image", bytes, limits), mask);
        ThrowIfTooLarge(picture.ResultSize, request, limits, "image");
        ThrowIfTooLarge(picture.DrawnSize, request with { Scale = 1 }, limits, "image");
        var edit = picture.Edit(SigmaOf(request, model));
        var options = new EditOptions
        {
            NumInferenceSteps = request.Steps,
            Timesteps = request.Timesteps,
            Tiles = picture.IsTiled ? new TileOptions() : null,
        };
        var size = picture.DrawnSize;
        var shape = new ImageShape(1, model.Config.InChannels, size.Height, size.Width);
        var sampling = Checked(() => SamplingRequest.For(model, edit, default, shape, options), request.Operation == Operation.Superres ? "factor" : "fit");
        return new(served, request, picture, edit, options)
        {
            Sampler = sampling.Sampler,
            Kind = model.Kind == ModelKind.Consistency ? SamplerKind.Multistep : SamplerKind.Heun,
            Size = size,
        };
    }

    /// <summary>The noise level of a request, or the model's own where nothing was said; null for edits that have none.</summary>
    public static double? SigmaOf(DrawRequest request, Model model) => request.Operation switch
    {
        Operation.Stroke => request.Sigma ?? model.EditDefaults.StrokeSigma,
        Operation.Variations or Operation.Interpolate => request.Sigma ?? model.EditDefaults.VariationSigma,
        _ => request.Sigma,
    };

    public override IReadOnlyList<DrawnPicture> Draw(DiffusionPipeline pipeline, IDrawWatcher watcher, CancellationToken cancellation)
    {
        var result = pipeline.Edit(
            [.. Enumerable.Repeat(_picture.Fitted.Part, Count)],
            _edit,
            _options with
            {
                Seeds = [.. Enumerable.Range(0, Count).Select(SeedOf)],
                ClassLabels = LabelsOfResults(),
                Callback = Preview(watcher),
                Progress = new ProgressTo(watcher),
            },
            cancellation);
        return [.. result.Images.Select((image, i) => new DrawnPicture(_picture.Assemble(image), result.Seeds[i], result.ClassLabels?[i]))];
    }
}
