using System.Numerics.Tensors;
using ConsistencyModels.Cli.Generating;
using ConsistencyModels.Editing;
using ConsistencyModels.Models;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Searching;

/// <summary>
/// Finds the noise levels at which a model's edits begin, each by what it is for. A stroke: the least noise with which pictures made of flat
/// squares have come nine tenths of the way from the squares to what the model draws by itself, so that as much as possible of the sketch
/// is left. A variation: the least noise with which a picture changes two fifths of what another one of its class differs from it.
/// </summary>
/// <param name="pipeline">The model.</param>
/// <param name="metric">How far pictures are from one half of the reference.</param>
/// <param name="pictures">Pictures of the other half.</param>
/// <param name="seed">Seed of the first picture.</param>
internal sealed class EditLevelSearch(DiffusionPipeline pipeline, IStepMetric metric, EditedPictures pictures, ulong seed)
{
    private const int Chunk = 16;
    private const int Levels = 15;
    private const double Lowest = 0.1;
    private const double WayToGo = 0.9;
    private const double Change = 0.4;

    /// <summary>Searches.</summary>
    /// <param name="report">Told how far it is.</param>
    /// <param name="tried">Told of every level.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The levels, in two digits.</returns>
    /// <exception cref="ConsistencyModelsException">No level does it.</exception>
    public EditDefaults Find(Action<double, string> report, Action<string> tried, CancellationToken cancellation)
    {
        // Twice the pixels of a side average twice the noise away (EditDefaults).
        var scale = Lowest * EditDefaults.Of(new ImageSize(pictures.Shape.Height, pictures.Shape.Width)).StrokeSigma;
        double[] levels = [.. Enumerable.Range(0, Levels).Select(i => TwoDigits(scale * Math.Pow(2, i / 2.0))).Where(level => level > pipeline.SchedulerConfig.SigmaMin && level < pipeline.SchedulerConfig.SigmaMax)];
        if (levels.Length == 0)
        {
            throw new ConsistencyModelsException(FormattableString.Invariant($"--edits: the model's noise levels end at {pipeline.SchedulerConfig.SigmaMax}, below where edits of its size begin, {scale:G2}"));
        }

        var (squares, apart) = (pictures.Squares(), pictures.MeanDistance());
        var own = metric.Of(pictures.Split(Plain(cancellation)), pictures.One, heldOut: false);
        var flat = metric.Of(pictures.Split(squares), pictures.One, heldOut: false);
        tried(FormattableString.Invariant($"drawn by itself: distance {own:F4}; squares: distance {flat:F4}; pictures of a class are {apart:F4} apart"));
        if (flat <= own)
        {
            tried("note: squares are closer to the reference than what the model draws by itself: it has learned too little for a level of strokes to mean anything");
        }

        var wanted = own + ((1 - WayToGo) * (flat - own));
        double? stroke = null, variation = null;
        for (var i = 0; i < levels.Length && (stroke is null || variation is null); i++)
        {
            var level = levels[i];
            report((double)i / levels.Length, FormattableString.Invariant($"sigma {level}"));
            if (stroke is null)
            {
                var distance = metric.Of(pictures.Split(Noised(squares, level, cancellation)), pictures.One, heldOut: false);
                tried(FormattableString.Invariant($"stroke at {level}: distance {distance:F4}, wanted {wanted:F4}"));
                stroke = distance <= wanted ? level : null;
            }

            if (variation is null)
            {
                var change = pictures.MeanChange(Noised(pictures.Values, level, cancellation)) / apart;
                tried(FormattableString.Invariant($"variation at {level}: changes by {change:F4} of what pictures are apart, wanted {Change}"));
                variation = change >= Change ? level : null;
            }
        }

        return new(stroke ?? throw Nowhere("squares become pictures", levels[^1]), variation ?? throw Nowhere("pictures change by two fifths", levels[^1]));
    }

    private static double TwoDigits(double level) => double.Parse(level.ToString("G2", System.Globalization.CultureInfo.InvariantCulture), System.Globalization.CultureInfo.InvariantCulture);

    private static ConsistencyModelsException Nowhere(string what, double last) =>
        new(FormattableString.Invariant($"--edits: at no level up to {last} {what}: the model does not draw what the reference shows"));

    private float[] Noised(float[] values, double sigma, CancellationToken cancellation) => InChunks((first, shape, options) =>
        pipeline.Stroke(PixelConversion.ToImages(values.AsSpan(first * pictures.One.Length, shape.Length).ToArray(), shape), sigma, options, cancellation));

    // As many steps as a stroke takes.
    private float[] Plain(CancellationToken cancellation) => InChunks((_, _, options) => pipeline.Generate(
        new() { NumInferenceSteps = Math.Min(ImageEdit.Stroke(1).Steps, pipeline.SchedulerConfig.NumTrainTimesteps), ClassLabels = options.ClassLabels, Seeds = options.Seeds, OutputType = options.OutputType, BatchSize = options.Seeds!.Count }, cancellation));

    private float[] InChunks(Func<int, ImageShape, EditOptions, GenerateResult> draw)
    {
        var all = new float[pictures.Shape.Length];
        for (var first = 0; first < pictures.Shape.Batch; first += Chunk)
        {
            var count = Math.Min(Chunk, pictures.Shape.Batch - first);
            var options = new EditOptions
            {
                Seeds = [.. Enumerable.Range(first, count).Select(i => unchecked(seed + (ulong)i))],
                ClassLabels = pictures.Labels is { } labels ? [.. labels.Skip(first).Take(count)] : null,
                OutputType = OutputType.Raw,
            };
            draw(first, pictures.Shape.WithBatch(count), options).Values.CopyTo(all, first * pictures.One.Length);
        }

        return all;
    }
}

/// <summary>Pictures that a search of levels edits.</summary>
/// <param name="Values">[N, C, H, W].</param>
/// <param name="Shape">Their shape.</param>
/// <param name="Labels">The model's class of each; null for a model without classes.</param>
internal sealed record EditedPictures(float[] Values, ImageShape Shape, IReadOnlyList<int>? Labels)
{
    private const int SquaresInSide = 4;

    /// <summary>Shape of one picture.</summary>
    public ImageShape One => Shape.WithBatch(1);

    /// <summary>The half of a reference that a search does not compare with: no picture is compared with itself.</summary>
    /// <param name="reference">The reference.</param>
    /// <param name="words">The one class that all of them are of, in the user's words; none where their folders say it.</param>
    /// <param name="model">The model, whose class each picture needs.</param>
    /// <exception cref="ConsistencyModelsException">A picture's class is not known.</exception>
    public static EditedPictures Of(ReferencePictures reference, IReadOnlyList<string> words, Model model)
    {
        var half = reference.Shape.Batch / 2;
        var one = reference.Shape.WithBatch(1).Length;
        int[]? labels = null;
        if (model.Config.NumClassEmbeds is { } count)
        {
            labels = reference.Labels[half..];
            if (words.Count > 0)
            {
                var chosen = ClassChoice.Parse(words, count, model.ClassNames);
                Array.Fill(labels, chosen is [var only] ? only : throw new ConsistencyModelsException("--edits with --classes: expected the one class that all pictures of the reference are of"));
            }
            else
            {
                labels = [.. labels.Select(label => model.ClassNames?.Find(reference.ClassNames.ElementAtOrDefault(label) ?? "")
                    ?? throw new ConsistencyModelsException($"--edits: the class of every picture is needed, and {(reference.ClassNames.Count > label ? $"'{reference.ClassNames[label]}' of the reference is none of the model's" : "the reference has none")}; expected folders named as the model's classes, --reference-classes, or one class by --classes"))];
            }
        }

        return new(reference.Values[(half * one)..], reference.Shape.WithBatch(reference.Shape.Batch - half), labels);
    }

    /// <summary>Pictures one by one.</summary>
    public IReadOnlyList<float[]> Split(float[] values) => [.. Enumerable.Range(0, Shape.Batch).Select(i => values.AsSpan(i * One.Length, One.Length).ToArray())];

    /// <summary>Every picture as 4x4 squares of its mean colours: a sketch of it.</summary>
    public float[] Squares()
    {
        var squares = new float[Values.Length];
        var (height, width) = (Shape.Height, Shape.Width);
        for (var plane = 0; plane < Shape.Batch * Shape.Channels; plane++)
        {
            var from = Values.AsSpan(plane * height * width, height * width);
            var to = squares.AsSpan(plane * height * width, height * width);
            for (var row = 0; row < SquaresInSide; row++)
            {
                for (var column = 0; column < SquaresInSide; column++)
                {
                    Fill(from, to, width, Part(row, height), Part(column, width));
                }
            }
        }

        return squares;

        static Range Part(int i, int side) => (i * side / SquaresInSide)..((i + 1) * side / SquaresInSide);
    }

    /// <summary>How much pictures differ from what was made of them: the mean of the roots of the mean squares.</summary>
    public double MeanChange(float[] others) => Enumerable.Range(0, Shape.Batch).Average(i => Difference(Values, i, others, i));

    /// <summary>How much pictures differ from the next one of their class, where there is another.</summary>
    public double MeanDistance()
    {
        var groups = Enumerable.Range(0, Shape.Batch).GroupBy(i => Labels?[i] ?? 0).Select(group => group.ToArray()).Where(group => group.Length > 1).ToArray();
        return groups.Length == 0
            ? throw new ConsistencyModelsException("--edits: no two pictures of the reference are of one class; expected several of each")
            : groups.SelectMany(group => group.Select((i, at) => Difference(Values, i, Values, group[(at + 1) % group.Length]))).Average();
    }

    private double Difference(float[] one, int i, float[] other, int j) =>
        TensorPrimitives.Distance(one.AsSpan(i * One.Length, One.Length), other.AsSpan(j * One.Length, One.Length)) / Math.Sqrt(One.Length);

    private static void Fill(ReadOnlySpan<float> from, Span<float> to, int width, Range rows, Range columns)
    {
        var sum = 0f;
        for (var y = rows.Start.Value; y < rows.End.Value; y++)
        {
            sum += TensorPrimitives.Sum(from.Slice(y * width, width)[columns]);
        }

        var mean = sum / ((rows.End.Value - rows.Start.Value) * (columns.End.Value - columns.Start.Value));
        for (var y = rows.Start.Value; y < rows.End.Value; y++)
        {
            to.Slice(y * width, width)[columns].Fill(mean);
        }
    }
}
