namespace ConsistencyModels.Cpu;

/// <summary>Some of a row of things that are counted from 0.</summary>
/// <param name="Start">The first.</param>
/// <param name="End">The one after the last.</param>
internal readonly record struct Part(int Start, int End)
{
    /// <summary>One of parts of equal size, of which the last may be smaller.</summary>
    public static Part Of(int index, int size, int total) => new(index * size, Math.Min(total, (index + 1) * size));

    /// <summary>How many.</summary>
    public int Count => Math.Max(0, End - Start);

    /// <summary>What of it lies in a row of <paramref name="length"/> things that begins at <paramref name="start"/>, counted from there.</summary>
    public Part Within(int start, int length) => new(Math.Clamp(Start - start, 0, length), Math.Clamp(End - start, 0, length));
}
