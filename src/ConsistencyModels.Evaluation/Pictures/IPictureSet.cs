using ConsistencyModels.Pixels;

namespace ConsistencyModels.Evaluation.Pictures;

/// <summary>Pictures to take features of, by number: those of a data set, or those that a model draws.</summary>
public interface IPictureSet
{
    /// <summary>What messages call it.</summary>
    string Name { get; }

    /// <summary>How many pictures there are.</summary>
    int Count { get; }

    /// <summary>Words that decide every picture's content: with the same identity, picture i is the same.</summary>
    string Identity { get; }

    /// <summary>Some neighbours, in order.</summary>
    /// <param name="first">The first one.</param>
    /// <param name="count">How many.</param>
    /// <param name="cancellationToken">Ends it.</param>
    IEnumerable<ImageBuffer> Read(int first, int count, CancellationToken cancellationToken);
}
