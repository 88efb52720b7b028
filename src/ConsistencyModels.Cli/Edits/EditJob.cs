using System.Diagnostics;
using ConsistencyModels.Cli.Generating;
using ConsistencyModels.Denoising;
using ConsistencyModels.Editing;
using ConsistencyModels.Imaging;
using ConsistencyModels.Models;
using ConsistencyModels.Noise;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Pixels;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Cli.Edits;

/// <summary>
/// A <c>cm edit</c> command, checked against the model's small files, with its pictures read: whatever is wrong with it is said
/// before the weights are loaded and before anything is written.
/// </summary>
internal sealed class EditJob : IDisposable
{
    private const int VariationCount = 4;

    private readonly EditSettings _settings;
    private readonly Model _model;
    private readonly IReadOnlyList<int>? _classes;
    private readonly EditOptions _options;
    private readonly CliConsole _console;
    private readonly CancellationToken _cancellation;

    private EditJob(EditSettings settings, Model model, CliConsole console, CancellationToken cancellation)
    {
        (_settings, _model, _console, _cancellation) = (settings, model, console, cancellation);
        var size = model.Config.SampleSize
            ?? throw new ConsistencyModelsException("the model does not say which size it was made for, so nothing can be brought to it");
        if (model.Config.InChannels is not (1 or 3 or 4))
        {
            throw new ConsistencyModelsException($"the model's images have {model.Config.InChannels} channels and are not pictures; expected 1, 3 or 4");
        }

        // With a picture of the model's size first: what is wrong with the edit itself is wrong before any picture is read.
        _options = new() { NumInferenceSteps = settings.Steps, Timesteps = settings.Timesteps };
        CheckEdit(size);
        Inputs = [.. settings.Inputs.Select(path => EditInput.Read(settings, model, path, size))];
        _options = _options with { Tiles = Inputs.Any(input => input.Tiled) ? new TileOptions() : null };
        foreach (var input in Inputs)
        {
            var part = input.Fitted.Part;
            Check(input.Edit, new(part.Height * settings.Enlargement, part.Width * settings.Enlargement), settings.Verb == EditVerb.Superres ? "--factor" : "--fit");
        }

        Count = settings.Count ?? (settings.Verb == EditVerb.Variations ? VariationCount : 1);
        Seed = settings.Seed ?? TorchGenerator.FreshSeed();
        _classes = ClassChoice.Parse(settings.Classes, model.Config.NumClassEmbeds, model.ClassNames);
        OneSheet = settings.Compare && PictureFiles.LooksLikeFile(settings.Out) && OfOneSize();
        Files = new(settings.Out, settings.Format, settings.Verb == EditVerb.Interpolate ? 1 : settings.Compare ? (OneSheet ? 1 : Inputs.Count) : Inputs.Count * Count, console);
        Notes = [.. ClassChoice.Notes(settings.Classes, model.ClassNames), .. Inputs.SelectMany(input => input.Notes()), .. Files.Format == ImageFormat.Jpeg && Inputs.Any(input => input.KeepsAlpha)
            ? ["JPEG has no transparency: what is transparent is drawn on black; --format png keeps it"] : Array.Empty<string>()];
    }

    /// <summary>The pictures; none for an interpolation of seeds.</summary>
    public IReadOnlyList<EditInput> Inputs { get; }

    /// <summary>Results for each picture.</summary>
    public int Count { get; }

    /// <summary>Steps of the sampler.</summary>
    public int Steps { get; private set; }

    /// <summary>Seed of the first result; they count on over results and pictures.</summary>
    public ulong Seed { get; }

    /// <summary>Where results go.</summary>
    public PictureFiles Files { get; }

    /// <summary>The model's folder or file.</summary>
    public string Path => _model.Path;

    /// <summary>What has to be said about the model's file, and was when it was opened.</summary>
    public IReadOnlyList<string> ModelNotes => _model.Notes;

    /// <summary>What was cut, scaled, guessed or lost.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Whether the strips of all pictures make one sheet: where one file was asked for, and they fit.</summary>
    public bool OneSheet { get; }

    /// <summary>The model's classes by name.</summary>
    public ClassNames? ClassNames => _model.ClassNames;

    /// <summary>Whether the model was left to draw the classes.</summary>
    public bool ClassesAreDrawn => _classes is null && _model.Config.NumClassEmbeds is not null;

    /// <summary>The noise level that edits of noisy pictures start at; null for edits that start at the largest.</summary>
    public double? Sigma => _settings.Verb is EditVerb.Inpaint or EditVerb.Colorize or EditVerb.Superres || _settings.Seeds is not null ? null : _settings.SigmaFor(_model);

    /// <summary>Checks the settings and reads the pictures.</summary>
    /// <param name="settings">The words of the command line.</param>
    /// <param name="console">Where to show progress.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ConsistencyModelsException">A setting does not fit the model, a picture or another setting.</exception>
    public static EditJob Make(EditSettings settings, CliConsole console, CancellationToken cancellation)
    {
        CheckWords(settings);
        var model = settings.Engine.Model.Open(console, cancellation);
        try
        {
            return new(settings, model, console, cancellation);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Closes the model.</summary>
    public void Dispose() => _model.Dispose();

    /// <summary>Loads the model, edits and writes.</summary>
    public EditReport Run()
    {
        foreach (var note in Notes)
        {
            _console.Error.WriteLine($"cm: {Printable.Line(note, 1000)}");
        }

        var clock = Stopwatch.StartNew();
        using var pipeline = Spinner.For(_console, "loading the model", _ => _settings.Engine.Load(_model, _cancellation));
        var loaded = clock.Elapsed;
        var writer = new EditWriter(_settings, this);
        Spinner.For(_console, "editing", report =>
        {
            var options = _options with { Progress = new SynchronousProgress<SamplingProgress>(progress => report(progress.Fraction, "")) };
            if (_settings.Verb == EditVerb.Interpolate)
            {
                writer.WriteFrames(Interpolate(pipeline, options));
            }
            else
            {
                Edit(pipeline, options, writer);
            }

            return true;
        });
        return new(_settings, this, writer.Written, loaded, clock.Elapsed - loaded);
    }

    private static void CheckWords(EditSettings settings)
    {
        PictureFiles.ThrowIfBoth(settings.Out, settings.Json);
        if (settings.Steps is not null && settings.Timesteps is not null)
        {
            throw new ConsistencyModelsException("--steps and --timesteps say the same thing in two ways; give one of them");
        }

        if (System.IO.Path.GetExtension(settings.Out)?.ToLowerInvariant() is ".npy" or ".safetensors")
        {
            throw new ConsistencyModelsException($"--out {settings.Out}: cm edit writes pictures; expected a folder, or a name that ends in .png, .jpg or .webp");
        }

        if (settings.Mask.Sources > 1)
        {
            throw new ConsistencyModelsException("--mask, --alpha, --rect and --auto each say what to keep; give one of them");
        }

        if (settings.Verb == EditVerb.Inpaint && settings.Mask.Sources == 0)
        {
            throw new ConsistencyModelsException($"nothing says what to fill: give --mask FILE, --alpha, --rect X,Y,W,H, or to try it --auto {ImageMask.DemoNames[0]}");
        }

        if (settings.PerFrame is not null && (settings.Format != "webp" || (PictureFiles.LooksLikeFile(settings.Out) && ImageEncoder.FormatOf(settings.Out) != ImageFormat.Webp)))
        {
            throw new ConsistencyModelsException($"--animate: found {(settings.Format != "webp" ? $"--format {settings.Format}" : $"--out {settings.Out}")}, expected webp: only WebP moves");
        }

        if (settings.Verb == EditVerb.Interpolate && (settings.Seeds is null ? settings.Inputs.Count != 2 : settings.Inputs.Count != 0))
        {
            throw new ConsistencyModelsException($"an interpolation is between two pictures or two --seeds; found {settings.Inputs.Count} pictures{(settings.Seeds is null ? "" : " and --seeds")}");
        }
    }

    private ulong SeedOf(int input, int result) => unchecked(Seed + ((ulong)input * (ulong)Count) + (ulong)result);

    private bool OfOneSize() =>
        Inputs.All(input => !input.Tiled && input.Before() is var before && before.Width == Inputs[0].Before().Width && before.Height == Inputs[0].Before().Height);

    private void CheckEdit(ImageSize size)
    {
        if (_settings.Seeds is not null)
        {
            // Between two seeds nothing is edited: the frames are drawn.
            Steps = Options.Checked(() => SamplingRequest.For(_model, _settings.Steps is { } steps ? new GenerateOptions { NumInferenceSteps = steps } : new()), "--sigma", "--steps", "30,20,10,0").Sampler.Steps;
            return;
        }

        Check(
            _settings.Verb switch
            {
                EditVerb.Inpaint or EditVerb.Colorize when _settings.Verb == EditVerb.Colorize || _settings.Colorize => ImageEdit.Colorize(),
                EditVerb.Inpaint => ImageEdit.Inpaint(ImageMask.All(size)),
                EditVerb.Superres => ImageEdit.SuperResolve(_settings.Factor),
                _ => ImageEdit.Denoise(_settings.SigmaFor(_model)),
            },
            size,
            "--fit");
    }

    private void Check(ImageEdit edit, ImageSize size, string other) => Steps = Options.Checked(
        () => SamplingRequest.For(_model, edit, default, new(1, _model.Config.InChannels, size.Height, size.Width), _options),
        "--sigma",
        other,
        "30,20,10,0").Sampler.Steps;

    private IReadOnlyList<EditResult> Interpolate(DiffusionPipeline pipeline, EditOptions options)
    {
        options = options with { Seed = Seed, ClassLabels = _classes is null ? null : [_classes[0]] };
        var result = _settings.Seeds is [var from, var to]
            ? pipeline.Interpolate(pipeline.LatentOf(from), pipeline.LatentOf(to), _settings.Frames, options, _cancellation)
            : pipeline.Interpolate(Inputs[0].Fitted.Part, Inputs[1].Fitted.Part, _settings.Frames, _settings.SigmaFor(_model), options, _cancellation);
        return [.. result.Images.Select(image => new EditResult(image, Seed, result.ClassLabels?[0]))];
    }

    /// <summary>Edits, and writes a picture's results when they are all there.</summary>
    private void Edit(DiffusionPipeline pipeline, EditOptions options, EditWriter writer)
    {
        ImageEdit[] edits = [.. Inputs.Select(input => input.Edit)];
        PictureEdit[] jobs =
        [
            .. Enumerable.Range(0, Inputs.Count * Count).Select(i => new PictureEdit(
                Inputs[i / Count].Fitted.Part, edits[i / Count], SeedOf(i / Count, i % Count), _classes?[i / Count % _classes.Count])),
        ];
        int? most = _settings.Engine.Chunk == 0 ? null : _settings.Engine.Chunk;
        List<EditResult> results = [];
        foreach (var image in pipeline.EditMany(jobs, options, most, _cancellation))
        {
            results.Add(new(Inputs[image.Index / Count].Assemble(image.Image), image.Seed, image.ClassLabel));
            if (results.Count == Count)
            {
                writer.Write(image.Index / Count, results);
                results.Clear();
            }
        }

        writer.Finish();
    }
}

/// <summary>One result of a picture.</summary>
/// <param name="Image">As it is for the user.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Label">Its class, given or drawn; null for a model without classes.</param>
internal sealed record EditResult(ImageBuffer Image, ulong Seed, int? Label);
