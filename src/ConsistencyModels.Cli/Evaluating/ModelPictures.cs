using ConsistencyModels.Cli.Generating;
using ConsistencyModels.Evaluation.Pictures;
using ConsistencyModels.Evaluation.Runs;
using ConsistencyModels.Models;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Evaluating;

/// <summary>What a model draws: picture i by the seed first + i, whatever is drawn beside it.</summary>
internal sealed class ModelPictures : IPictureSet, IDisposable
{
    private readonly Model _model;
    private readonly EngineSettings _engine;
    private GenerateOptions _options;
    private DiffusionPipeline? _pipeline;

    private ModelPictures(Model model, EngineSettings engine, GenerateOptions options, SamplesDescription description) =>
        (_model, _engine, _options, Description) = (model, engine, options, description);

    /// <inheritdoc/>
    public string Name => _engine.Model.ShortName;

    /// <inheritdoc/>
    public int Count => Description.Count;

    /// <inheritdoc/>
    public string Identity => Description.Identity;

    /// <summary>For the manifest.</summary>
    public SamplesDescription Description { get; private set; }

    /// <summary>Side of the pictures.</summary>
    public int Side => _options.Height!.Value;

    /// <summary>Channels of the pictures.</summary>
    public int Channels => _model.Config.OutChannels;

    /// <summary>What has to be said about the model.</summary>
    public IReadOnlyList<string> Notes => _model.Notes;

    /// <summary>Whether the model has classes, so that pictures have labels.</summary>
    public bool HasClasses => _model.Config.NumClassEmbeds is not null;

    /// <summary>Opens a model and checks everything that was said about it; its weights are hashed and not loaded yet.</summary>
    public static ModelPictures Open(EngineSettings engine, SamplingWords words, int count, CliConsole console, CancellationToken cancellation)
    {
        var model = engine.Model.Open(console, cancellation);
        try
        {
            var size = model.Config.SampleSize ?? throw new ConsistencyModelsException("the model does not say which size it was made for; give --image-size");
            if (size.Height != size.Width || model.Config.OutChannels is not (1 or 3))
            {
                throw new ConsistencyModelsException($"the model makes pictures of {size.Height}x{size.Width} with {model.Config.OutChannels} channels; expected squares of 1 or 3");
            }

            var sampler = words.SamplerFor(model);
            var classes = ClassChoice.Parse(words.Classes, model.Config.NumClassEmbeds, model.ClassNames);
            var options = new GenerateOptions
            {
                Sampler = Options.Checked(() => sampler.Create(model.Scheduler), "--sigma-max", "--sampler", "22,0"),
                NumInferenceSteps = null,
                ClassLabels = classes,
                Height = size.Height,
                Width = size.Width,
                BatchSize = engine.Chunk == 0 ? null : engine.Chunk,
            };
            var request = Options.Checked(() => SamplingRequest.For(model, options with { BatchSize = 1, ClassLabels = null }), "--sigma-max", "--sampler", "22,0");
            return new(model, engine, options, new()
            {
                Path = engine.Model.Name ?? BundledModel.Name,
                IsModel = true,
                Hash = Spinner.For(console, "hashing the model", _ => ModelHash.Of(model)),
                Count = count,
                Seed = words.Seed,
                Sampler = sampler.Kind.ToString().ToLowerInvariant(),
                Steps = words.Timesteps is null ? request.Sampler.Steps : null,
                Timesteps = words.Timesteps,
                SigmaMax = words.SigmaMax,
                Churn = words.Churn,
                Classes = classes,
                Engine = engine.Engine,
                Device = engine.Device,
                DType = Checkpoints.TensorDTypeExtensions.FormatName(engine.DType).ToLowerInvariant(),
            });
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>From now on each class is drawn as often as a reference has it.</summary>
    /// <exception cref="ConsistencyModelsException">The model has no class of the reference's name.</exception>
    public void MatchClasses(DataSetPictures reference)
    {
        _options = _options with { ClassLabels = ClassShares.Of(reference).Labels(_model, Count) };
        Description = Description with { Classes = null, ClassesOf = reference.Fingerprint };
    }

    /// <inheritdoc/>
    public IEnumerable<ImageBuffer> Read(int first, int count, CancellationToken cancellationToken) => Draw(first, count, cancellationToken).Select(image => image.Image);

    /// <summary>The pictures with their labels.</summary>
    public IEnumerable<GeneratedImage> Draw(int first, int count, CancellationToken cancellationToken)
    {
        _pipeline ??= _engine.Load(_model, cancellationToken);
        var labels = _options.ClassLabels is { Count: > 0 } classes ? Enumerable.Range(first, count).Select(i => classes[i % classes.Count]).ToArray() : null;
        return _pipeline.GenerateMany(count, Description.Seed + (ulong)first, _options with { ClassLabels = labels }, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _pipeline?.Dispose();
        _model.Dispose();
    }
}
