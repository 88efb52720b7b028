using ConsistencyModels.Evaluation.Pictures;
using ConsistencyModels.Models;

namespace ConsistencyModels.Cli.Evaluating;

/// <summary>
/// Classes for a model to draw, each as often as a reference has it. A distance between sets of pictures is also one between their shares of
/// classes: a model that draws every class alike is far from data of which half are one class, however good its pictures are.
/// </summary>
internal sealed class ClassShares
{
    // Steps of the golden ratio come close to even shares after any number of them.
    private const double GoldenStep = 0.6180339887498949;

    private readonly IReadOnlyList<string> _names;
    private readonly int[] _labels;

    private ClassShares(IReadOnlyList<string> names, int[] labels) => (_names, _labels) = (names, labels);

    /// <summary>The shares of a reference; it is not kept.</summary>
    public static ClassShares Of(DataSetPictures reference) => new(reference.ClassNames, [.. Enumerable.Range(0, reference.Count).Select(reference.LabelOf)]);

    /// <summary>Whether a model has every class, by name.</summary>
    public bool Fit(Model model) => model.ClassNames is { } names && _names.Count > 1 && _names.All(name => names.Find(name) is not null);

    /// <summary>A class for each of a number of pictures, in the model's numbers.</summary>
    /// <param name="model">The model.</param>
    /// <param name="count">How many are wanted.</param>
    /// <exception cref="ConsistencyModelsException">The model has no names of classes, or not one of the reference.</exception>
    public int[] Labels(Model model, int count)
    {
        if (model.ClassNames is not { } names)
        {
            throw new ConsistencyModelsException("--match-classes: the model has no names of classes, by which to find those of the reference");
        }

        int[] numbers =
        [
            .. _names.Select(name => names.Find(name)
                ?? throw new ConsistencyModelsException($"--match-classes: the reference has the class '{name}', and the model has not; --reference-classes chooses and names folders")),
        ];
        int[] sorted = [.. _labels.Select(label => numbers[label]).Order()];
        return [.. Enumerable.Range(0, count).Select(i => sorted[(int)((i + 0.5) * GoldenStep % 1 * sorted.Length)])];
    }
}
