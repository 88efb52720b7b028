using ConsistencyModels.Pixels;

namespace ConsistencyModels.Data.Sources;

/// <summary>
/// Labelled pictures in files of some format, before they are decoded or cropped. Disposing it closes files; names and labels stay, and it
/// may be done twice.
/// </summary>
internal interface IPictureSource : IDisposable
{
    /// <summary>What error messages call it: its path.</summary>
    string Name { get; }

    /// <summary>How many pictures there are, at least 1.</summary>
    int Count { get; }

    /// <summary>The label of every picture, an index into <see cref="ClassNames"/>.</summary>
    int[] Labels { get; }

    /// <summary>The names of the classes, at least one.</summary>
    IReadOnlyList<string> ClassNames { get; }

    /// <summary>What becomes of classes without pictures.</summary>
    EmptyClasses EmptyClasses { get; }

    /// <summary>The shape of every picture, where the format says it; else null, and pictures are encoded.</summary>
    PictureShape? Shape { get; }

    /// <summary>Most bytes that all encoded pictures take together; only asked where there is neither <see cref="Shape"/> nor <see cref="ReadOne"/>.</summary>
    long EncodedBytes { get; }

    /// <summary>What was left out and may be meant, a sentence each.</summary>
    IReadOnlyList<string> Notes => [];

    /// <summary>A picture's name within the source; for pictures in files of their own, the path below the root.</summary>
    string NameOf(int index);

    /// <summary>What messages call a picture.</summary>
    string Describe(int index) => $"{Name}/{NameOf(index)}";

    /// <summary>All pictures in order. Only one enumeration at a time; what it yields may be decoded on any thread.</summary>
    /// <exception cref="ConsistencyModelsException">While enumerating: the files are damaged.</exception>
    IEnumerable<PendingPicture> ReadAll();

    /// <summary>The encoded bytes of one picture, from any thread; null where pictures cannot be read one by one.</summary>
    Func<int, byte[]>? ReadOne { get; }

    /// <summary>By what the sources are known again without reading them: for the key of a cache.</summary>
    IEnumerable<string> Identity();
}

/// <summary>What becomes of classes that turn out to have no pictures.</summary>
internal enum EmptyClasses
{
    /// <summary>They are kept: the data say how many classes there are.</summary>
    Keep,

    /// <summary>They are no classes, and labels are renumbered.</summary>
    Drop,

    /// <summary>They are an error: somebody named them, and their labels would never be trained.</summary>
    Refuse,
}

/// <summary>The shape of a picture in pixels and channels.</summary>
internal readonly record struct PictureShape(int Width, int Height, int Channels)
{
    public int Length => checked(Width * Height * Channels);
}

/// <summary>A picture that was read and is to be decoded: one of the two is there.</summary>
/// <param name="Index">Which picture.</param>
/// <param name="Encoded">Gives the encoded bytes; may be called on any thread, once.</param>
/// <param name="Pixels">The pixels, where they are not encoded.</param>
internal readonly record struct PendingPicture(int Index, Func<byte[]>? Encoded, ImageBuffer? Pixels);
