using ConsistencyModels.Evaluation.Pictures;

namespace ConsistencyModels.Cli.Cards;

/// <summary>The words of a <c>cm card</c> command line; null where nothing was said.</summary>
internal sealed record CardSettings
{
    /// <summary>Which model, and what runs it.</summary>
    public required EngineSettings Engine { get; init; }

    /// <summary>The model's training data, or other pictures to compare with.</summary>
    public required string Reference { get; init; }

    /// <summary>Which of its pictures.</summary>
    public PictureSelection ReferenceSelection { get; init; } = new();

    /// <summary>The diffusion model that the model was made of.</summary>
    public string? Teacher { get; init; }

    /// <summary>Folders of the runs that made the model, in their order.</summary>
    public IReadOnlyList<string> Runs { get; init; } = [];

    /// <summary>Numbers of steps to measure.</summary>
    public required IReadOnlyList<int> Steps { get; init; }

    /// <summary>Samples of each measurement.</summary>
    public required int Count { get; init; }

    /// <summary>Name or file of the extractor.</summary>
    public string? Extractor { get; init; }

    /// <summary>Folder of the card.</summary>
    public required string Out { get; init; }

    /// <summary>A file of words to put below the pictures.</summary>
    public string? About { get; init; }

    /// <summary>Licence of the weights.</summary>
    public string? License { get; init; }

    /// <summary>Where the pictures come from and under which licence.</summary>
    public string? DataLicense { get; init; }
}
