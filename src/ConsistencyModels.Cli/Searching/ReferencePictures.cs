using ConsistencyModels.Cli.Evaluating;
using ConsistencyModels.Data;
using ConsistencyModels.Evaluation.Pictures;

namespace ConsistencyModels.Cli.Searching;

/// <summary>Pictures to compare with: a data set in any form that training reads.</summary>
/// <param name="Values">[N, C, H, W].</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Labels">The data set's class of each.</param>
/// <param name="ClassNames">What the data set calls its classes.</param>
/// <param name="Found">How many pictures there are; no more than were asked for are read.</param>
/// <param name="Notes">What was left out and may be meant.</param>
internal sealed record ReferencePictures(float[] Values, ImageShape Shape, int[] Labels, IReadOnlyList<string> ClassNames, int Found, IReadOnlyList<string> Notes)
{
    /// <summary>With fewer, what is found is chance: half of them steer, the other half judge.</summary>
    public const int Fewest = 50;

    /// <summary>Reads them in a shuffled order that is always the same, brought to the model's size by the training data's crop.</summary>
    /// <param name="path">A folder with all below it, or an archive.</param>
    /// <param name="shape">Shape of one picture.</param>
    /// <param name="selection">Which pictures; their size is the shape's.</param>
    /// <param name="most">How many to read at most.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ConsistencyModelsException">There is no such folder, it holds too few pictures, or one cannot be read.</exception>
    public static ReferencePictures Read(string path, ImageShape shape, PictureSelection selection, int most, CancellationToken cancellation)
    {
        if (!Directory.Exists(path) && !File.Exists(path))
        {
            throw new ConsistencyModelsException($"--reference: there is no folder or archive {path}; expected one of pictures that the model was not trained on");
        }

        if (shape.Height != shape.Width)
        {
            throw new ConsistencyModelsException($"the model makes pictures of {shape.Height}x{shape.Width}; expected squares, as the reference is cropped to");
        }

        var options = SampleSource.OptionsOf(selection with { Size = shape.Height }) with { Channels = shape.Channels };
        using var data = ImageDataSets.Open(path, options, null, cancellation);
        if (data.Count < Fewest)
        {
            throw new ConsistencyModelsException($"--reference: {path} holds {data.Count} pictures, expected at least {Fewest}, better hundreds{string.Concat(data.Notes.Select(note => $"; {note}"))}");
        }

        int[] order = [.. Enumerable.Range(0, data.Count)];
        new System.Random(0).Shuffle(order);
        order = order[..Math.Min(most, order.Length)];
        var all = shape.WithBatch(order.Length);
        var values = new float[all.Length];
        var labels = new int[order.Length];
        data.Fill(order, values, labels, []);
        return new(values, all, labels, data.ClassNames, data.Count, data.Notes);
    }
}
