using ConsistencyModels.Imaging;
using ConsistencyModels.Noise;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Pixels;
using ConsistencyModels.Samplers;
using ConsistencyModels.Server.Requests;
using ConsistencyModels.Server.Serving;

namespace ConsistencyModels.Server.Drawing;

/// <summary>
/// A request, checked against its model and with its pictures read: whatever is wrong with it has been said. What is left is to draw.
/// </summary>
internal abstract class DrawPlan
{
    // Seeds that the server chooses are whole numbers in JavaScript, too.
    private const ulong LargestChosenSeed = (1UL << 53) - 1;

    protected DrawPlan(ServedModel served, DrawRequest request)
    {
        (Served, Request) = (served, request);
        Labels = ClassLabels.Of(request.Classes, served.Model);
        Seed = request.Seed ?? (TorchGenerator.FreshSeed() & LargestChosenSeed);
    }

    /// <summary>The model.</summary>
    public ServedModel Served { get; }

    /// <summary>The words of the request.</summary>
    public DrawRequest Request { get; }

    /// <summary>Number of results.</summary>
    public int Count { get; protected init; } = 1;

    /// <summary>Seed of the first result.</summary>
    public ulong Seed { get; }

    /// <summary>Classes, used in turn; null where each result's seed draws its own.</summary>
    public IReadOnlyList<int>? Labels { get; }

    /// <summary>The sampler with its levels.</summary>
    public required ISampler Sampler { get; init; }

    /// <summary>Its name.</summary>
    public required SamplerKind Kind { get; init; }

    /// <summary>Size of a result before it is enlarged.</summary>
    public required ImageSize Size { get; init; }

    /// <summary>The noise level that edits of noisy pictures start at.</summary>
    public double? Sigma { get; protected init; }

    /// <summary>What was cut, scaled or lost; a sentence each.</summary>
    public IReadOnlyList<string> Notes { get; protected init; } = [];

    /// <summary>Pixels that it keeps in memory.</summary>
    public long Pixels => ((long)Count * Size.Height * Size.Width) + Kept;

    /// <summary>Pixels that it draws, times network calls.</summary>
    public long Work => (long)Count * Size.Height * Size.Width * Sampler.NetworkEvaluations;

    /// <summary>Pixels of pictures that are kept beside the results.</summary>
    protected long Kept { get; init; }

    /// <summary>Draws. Runs on a thread that may wait.</summary>
    /// <param name="pipeline">The request's own pipeline.</param>
    /// <param name="watcher">Told how far it is.</param>
    /// <param name="cancellation">Ends it before the next network call.</param>
    public abstract IReadOnlyList<DrawnPicture> Draw(DiffusionPipeline pipeline, IDrawWatcher watcher, CancellationToken cancellation);

    /// <summary>Seeds of the results.</summary>
    protected virtual ulong SeedOf(int index) => unchecked(Seed + (ulong)index);

    /// <summary>One label for each result; null where they are drawn.</summary>
    protected int[]? LabelsOfResults() => Labels is null ? null : [.. Enumerable.Range(0, Count).Select(i => Labels[i % Labels.Count])];

    /// <summary>What all kinds of drawing are told.</summary>
    protected static SamplingCallback? Preview(IDrawWatcher watcher) => !watcher.WantsPreviews ? null : step =>
    {
        // Of a width that pictures have; what a callback is given is the sampler's and changes.
        watcher.Step(step.Index, step.Count, step.Sigma, PixelConversion.ToImages(step.Denoised, step.Shape));
    };

    /// <summary>Progress on the thread that makes it.</summary>
    protected sealed class ProgressTo(IDrawWatcher watcher) : IProgress<SamplingProgress>
    {
        public void Report(SamplingProgress value) => watcher.Progress(value.Done, value.Total);
    }

    /// <summary>What the library makes of the request: what is wrong with it is said with the field's name.</summary>
    /// <param name="make">Makes it.</param>
    /// <param name="other">The field to name for what has no name.</param>
    /// <exception cref="ProblemException">Something is out of its range or does not fit something else.</exception>
    public static T Checked<T>(Func<T> make, string other)
    {
        try
        {
            return make();
        }
        catch (ArgumentException e) when (e is not ArgumentNullException && e.ParamName is not null)
        {
            var field = e.ParamName.ToLowerInvariant() switch
            {
                "timesteps" => "timesteps",
                "steps" or "numinferencesteps" => "steps",
                "sigmamax" => other is "width" or "sampler" ? "sigma_max" : "sigma",
                "sigma" => "sigma",
                "churn" => "churn",
                _ => other,
            };
            var suffix = e.Message.IndexOf(" (Parameter '", StringComparison.Ordinal);
            var message = suffix < 0 ? e.Message : e.Message[..suffix];
            throw ProblemException.Of(field, e is ArgumentOutOfRangeException { ActualValue: { } value } ? FormattableString.Invariant($"{message} Found {value}.") : message);
        }
        catch (ConsistencyModelsException e)
        {
            throw ProblemException.Of(other, e.Message);
        }
    }

    /// <summary>The bytes of a picture's file, decoded within bounds.</summary>
    /// <exception cref="ProblemException">They are no such picture.</exception>
    protected static ImageBuffer Decode(string field, ReadOnlyMemory<byte> bytes, ServerLimits limits)
    {
        try
        {
            return ImageDecoder.Decode(bytes.Span, field, new DecodeOptions { Channels = 4, MaxPixels = limits.PicturePixels, MaxFileBytes = limits.BodyBytes });
        }
        catch (ConsistencyModelsException e)
        {
            throw ProblemException.Of(field, e.Message.StartsWith($"{field}: ", StringComparison.Ordinal) ? e.Message[(field.Length + 2)..] : e.Message);
        }
    }

    /// <exception cref="ProblemException">A result would be larger than the server makes them.</exception>
    protected static void ThrowIfTooLarge(ImageSize size, DrawRequest request, ServerLimits limits, string field)
    {
        var pixels = (Int128)size.Height * request.Scale * size.Width * request.Scale;
        if (pixels > limits.ResultPixels)
        {
            throw ProblemException.Of(request.Scale > 1 ? "scale" : field, $"a result of {(long)size.Width * request.Scale}x{(long)size.Height * request.Scale} pixels", $"at most {limits.ResultPixels} pixels");
        }
    }
}

/// <summary>A result.</summary>
/// <param name="Image">The picture, not yet enlarged.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Label">Its class, given or drawn; null for a model without classes.</param>
internal sealed record DrawnPicture(ImageBuffer Image, ulong Seed, int? Label);

/// <summary>Told how far a request is. Called from any thread, one call after the other.</summary>
internal interface IDrawWatcher
{
    /// <summary>Whether <see cref="Step"/> is of use.</summary>
    bool WantsPreviews { get; }

    /// <summary>It was let in.</summary>
    void Queued(string id, int ahead);

    /// <summary>It begins.</summary>
    void Started(TimeSpan queued);

    /// <summary>A network call is done.</summary>
    void Progress(int done, int total);

    /// <summary>A step is done: what the pictures will look like.</summary>
    void Step(int step, int steps, float sigma, IReadOnlyList<ImageBuffer> pictures);
}

/// <summary>Nobody.</summary>
internal sealed class NoWatcher : IDrawWatcher
{
    public static NoWatcher Instance { get; } = new();

    public bool WantsPreviews => false;

    public void Queued(string id, int ahead)
    {
    }

    public void Started(TimeSpan queued)
    {
    }

    public void Progress(int done, int total)
    {
    }

    public void Step(int step, int steps, float sigma, IReadOnlyList<ImageBuffer> pictures)
    {
    }
}
