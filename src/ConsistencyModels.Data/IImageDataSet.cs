namespace ConsistencyModels.Data;

/// <summary>Labelled images of one size, addressed by number. All members can be used from several threads at once.</summary>
public interface IImageDataSet
{
    /// <summary>How many images there are, at least 1.</summary>
    int Count { get; }

    /// <summary>Channels of every image: 1 or 3.</summary>
    int Channels { get; }

    /// <summary>Height of every image in pixels.</summary>
    int Height { get; }

    /// <summary>Width of every image in pixels.</summary>
    int Width { get; }

    /// <summary>The class names; a label is an index into this list. At least one.</summary>
    IReadOnlyList<string> ClassNames { get; }

    /// <summary>The label of every image, <see cref="Count"/> values.</summary>
    ReadOnlySpan<int> Labels { get; }

    /// <summary>
    /// A hash (64 hexadecimal digits) of the size, the class names, the labels and every pixel in order: a resumed run
    /// compares it to know that it goes on with the same data. It does not depend on where the pixels are kept. With random crops it is of
    /// the pictures before the crop; of those read straight from a folder or archive, of their names and lengths.
    /// </summary>
    string Fingerprint { get; }

    /// <summary>One line for each picture that was left out: another size, or not readable.</summary>
    IReadOnlyList<string> Skipped => [];

    /// <summary>
    /// Whether an image differs each time it is used (<see cref="ImageCrop.Random"/>), so that <see cref="FillRandom"/> wants numbers. Where
    /// this is false nothing need be drawn for it.
    /// </summary>
    bool IsRandom => false;

    /// <summary>Copies a batch out.</summary>
    /// <param name="indices">Which images, each 0 to Count - 1; repeats are allowed.</param>
    /// <param name="images">
    /// Receives [n, C, H, W] as v / 127.5 - 1, so values in [-1, 1]; n · C · H · W floats.
    /// </param>
    /// <param name="labels">Receives the n labels; empty where they are not wanted.</param>
    /// <param name="flips">For each of the n images whether it is mirrored left to right; empty for none.</param>
    /// <exception cref="ArgumentException">A span has the wrong length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no image of such an index.</exception>
    void Fill(ReadOnlySpan<int> indices, Span<float> images, Span<int> labels, ReadOnlySpan<bool> flips);

    /// <summary>Copies a batch out, each image with a random crop of its own where the data set has them.</summary>
    /// <param name="indices">As for <see cref="Fill"/>.</param>
    /// <param name="images">As for <see cref="Fill"/>.</param>
    /// <param name="labels">As for <see cref="Fill"/>.</param>
    /// <param name="flips">As for <see cref="Fill"/>.</param>
    /// <param name="draws">
    /// For each of the n images the number that its crop depends on, below 2^32: drawn by the caller, so that a step is a function of its seed. Not
    /// looked at where <see cref="IsRandom"/> is false.
    /// </param>
    /// <exception cref="ArgumentException">A span has the wrong length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no image of such an index.</exception>
    /// <exception cref="ConsistencyModelsException">A picture that is decoded when it is asked for can no longer be read.</exception>
    void FillRandom(ReadOnlySpan<int> indices, Span<float> images, Span<int> labels, ReadOnlySpan<bool> flips, ReadOnlySpan<long> draws) =>
        Fill(indices, images, labels, flips);
}
