namespace ConsistencyModels.Training.Objectives;

/// <summary>What one step, or a part of it, learns from: images and every random draw, in plain memory. Only read.</summary>
/// <param name="Shape">[N, C, H, W].</param>
/// <param name="Images">Clean images in [-1, 1], Shape.Length floats.</param>
/// <param name="Labels">One label per image, or empty for unconditional training.</param>
/// <param name="Noise">Standard normal draws, as many as there are values.</param>
/// <param name="Normals">One standard normal draw per image, for noise levels of a normal logarithm.</param>
/// <param name="Uniforms">One draw from [0, 1) per image, for noise levels of a grid.</param>
/// <param name="DropoutSeed">Seeds dropout masks.</param>
public sealed record TrainingBatch(
    ImageShape Shape,
    ReadOnlyMemory<float> Images,
    ReadOnlyMemory<int> Labels,
    ReadOnlyMemory<float> Noise,
    ReadOnlyMemory<float> Normals,
    ReadOnlyMemory<float> Uniforms,
    long DropoutSeed)
{
    /// <summary>What was done to each image, as many labels for each; empty where nothing is said of it.</summary>
    public ReadOnlyMemory<float> AugmentLabels { get; init; }

    /// <summary>Place of the first image in the whole batch of a step, over all processes.</summary>
    public int First { get; init; }

    /// <summary>Images of the whole batch of a step, over all processes; 0 for as many as there are here.</summary>
    public int Whole { get; init; }

    /// <summary>
    /// Images [first, first + count) with their draws. Only the dropout masks depend on how a batch is cut: they are drawn for a whole
    /// pass of the network.
    /// </summary>
    /// <param name="first">The first image.</param>
    /// <param name="count">How many.</param>
    public TrainingBatch Slice(int first, int count) => first == 0 && count == Shape.Batch ? this : this with
    {
        Shape = Shape.WithBatch(count),
        Images = Images.Slice(first * Shape.ImageLength, count * Shape.ImageLength),
        Labels = Labels.IsEmpty ? Labels : Labels.Slice(first, count),
        Noise = Noise.Slice(first * Shape.ImageLength, count * Shape.ImageLength),
        Normals = Normals.Slice(first, count),
        Uniforms = Uniforms.Slice(first, count),
        AugmentLabels = AugmentLabels.Slice(AugmentLabels.Length / Shape.Batch * first, AugmentLabels.Length / Shape.Batch * count),
        DropoutSeed = DropoutSeed + first,
        First = First + first,
        Whole = Whole == 0 ? Shape.Batch : Whole,
    };
}

/// <summary>How far a run is: what schedules follow.</summary>
/// <param name="Step">Optimizer steps before this one.</param>
/// <param name="Images">Images learnt from before this step.</param>
/// <param name="TotalSteps">Steps of the whole run, as it was to be when it began: made longer or shorter, it keeps its schedules.</param>
public readonly record struct TrainingClock(long Step, long Images, long TotalSteps);
