namespace ConsistencyModels.Data.Augmentation;

/// <summary>
/// Which augmentations EDM's pipe makes (Karras et al. 2022, appendix F.2; built on Karras et al. 2020). An augmentation is drawn
/// for an image with its multiplier times <see cref="Probability"/>; a multiplier of 0, the default, leaves it out, and its
/// labels too.
/// </summary>
public sealed record AugmentationOptions
{
    /// <summary>
    /// The augmentations that EDM trains with, and their nine labels: mirroring left to right always (half the images), up to down,
    /// scaling, rotation, stretching and translation with probability 0.12 each, as for CIFAR-10 (0.15 for FFHQ and AFHQ).
    /// </summary>
    public static AugmentationOptions Edm { get; } = new()
    {
        Probability = 0.12,
        MirrorX = 1e8,
        MirrorY = 1,
        Scale = 1,
        Rotation = 1,
        Stretch = 1,
        Translation = 1,
    };

    /// <summary>The probability of an augmentation whose multiplier is 1, 0 to 1.</summary>
    public required double Probability { get; init; }

    /// <summary>Multiplier of mirroring left to right; a chosen image is mirrored in half the cases. One label: 0 or 1.</summary>
    public double MirrorX { get; init; }

    /// <summary>Multiplier of mirroring top to bottom, as <see cref="MirrorX"/>. One label.</summary>
    public double MirrorY { get; init; }

    /// <summary>Multiplier of turning by a multiple of 90 degrees; for squares only. Two labels: mirrored in x, in y.</summary>
    public double QuarterTurns { get; init; }

    /// <summary>Multiplier of moving by whole pixels, the edges reflected. Two labels in [-1, 1]: x, y over the largest move.</summary>
    public double WholeTranslation { get; init; }

    /// <summary>The largest move of <see cref="WholeTranslation"/>, as a part of the image's side.</summary>
    public double WholeTranslationMax { get; init; } = 0.125;

    /// <summary>Multiplier of scaling. One label, normally distributed: log2 of the factor over <see cref="ScaleStd"/>.</summary>
    public double Scale { get; init; }

    /// <summary>Standard deviation of log2 of the scale.</summary>
    public double ScaleStd { get; init; } = 0.2;

    /// <summary>Multiplier of rotation by any angle. Two labels: cos - 1, sin.</summary>
    public double Rotation { get; init; }

    /// <summary>The largest angle of <see cref="Rotation"/> either way, as a part of half a turn.</summary>
    public double RotationMax { get; init; } = 1;

    /// <summary>Multiplier of stretching along an axis by what the other axis shrinks. Two labels: the size of it times cos and sin of the axis.</summary>
    public double Stretch { get; init; }

    /// <summary>Standard deviation of log2 of the stretch.</summary>
    public double StretchStd { get; init; } = 0.2;

    /// <summary>The probability that a stretch is along an axis of any angle, not the horizontal one.</summary>
    public double StretchRotated { get; init; } = 0.5;

    /// <summary>Multiplier of moving by parts of pixels. Two labels, normally distributed: x, y over <see cref="TranslationStd"/>.</summary>
    public double Translation { get; init; }

    /// <summary>Standard deviation of <see cref="Translation"/>, as a part of the image's side.</summary>
    public double TranslationStd { get; init; } = 0.125;

    /// <summary>How many numbers say to the network what was done to an image: its <c>augment_dim</c>.</summary>
    public int LabelCount =>
        (MirrorX > 0 ? 1 : 0) + (MirrorY > 0 ? 1 : 0) + (QuarterTurns > 0 ? 2 : 0) + (WholeTranslation > 0 ? 2 : 0)
        + (Scale > 0 ? 1 : 0) + (Rotation > 0 ? 2 : 0) + (Stretch > 0 ? 2 : 0) + (Translation > 0 ? 2 : 0);
}
