using ConsistencyModels.Editing;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Edits;

/// <summary>One part of one picture, to be edited once.</summary>
/// <param name="Input">The picture's place.</param>
/// <param name="Result">Which of its results.</param>
/// <param name="Part">Which of its parts.</param>
/// <param name="Image">The part.</param>
/// <param name="Mask">What is kept of it, or null.</param>
/// <param name="Seed">Its seed.</param>
internal sealed record EditJob(int Input, int Result, int Part, ImageBuffer Image, ImageMask? Mask, ulong Seed);
