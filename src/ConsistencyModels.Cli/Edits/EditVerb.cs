namespace ConsistencyModels.Cli.Edits;

/// <summary>The edits of <c>cm edit</c>.</summary>
internal enum EditVerb
{
    /// <summary>Fill holes.</summary>
    Inpaint,

    /// <summary>Give colours to gray.</summary>
    Colorize,

    /// <summary>Enlarge.</summary>
    Superres,

    /// <summary>Make a picture of a sketch.</summary>
    Stroke,

    /// <summary>Take noise out.</summary>
    Denoise,

    /// <summary>Frames between two.</summary>
    Interpolate,

    /// <summary>Others like it.</summary>
    Variations,
}
