namespace ConsistencyModels.Training.Objectives.Catalogue;

/// <summary>An objective that can be chosen by name.</summary>
/// <param name="Name">Its name on the command line: "ect".</param>
/// <param name="Summary">What it does, in one line for help.</param>
/// <param name="Make">Takes its settings and makes it.</param>
public sealed record ObjectiveRecipe(string Name, string Summary, Func<SettingValues, Objective> Make)
{
    /// <summary>Whether it moves a trained network, with a smaller step size, and not a fresh one.</summary>
    public bool Tunes { get; init; }

    /// <summary>Whether it needs a teacher: a diffusion model.</summary>
    public bool NeedsTeacher { get; init; }

    /// <summary>Settings that follow from the length of a run in images, unless they are given; null for none.</summary>
    public Func<long, KeyValuePair<string, string>>? ByLength { get; init; }

    /// <summary>The switch that a teacher turns on, where it may be there or not; null for none.</summary>
    public string? TeacherSwitch { get; init; }

    /// <summary>The batch of the published recipe: far below it, results are not those of the paper.</summary>
    public required int PublishedBatch { get; init; }
}

/// <summary>The objectives there are. A new one is one file, and one line here.</summary>
public static class ObjectiveCatalogue
{
    /// <summary>All of them, in the order of help.</summary>
    public static IReadOnlyList<ObjectiveRecipe> All { get; } =
    [
        EdmRecipe.Value,
        ConsistencyDistillationRecipe.Value,
        ConsistencyTrainingRecipe.Value,
        ImprovedConsistencyTrainingRecipe.Value,
        EasyConsistencyTuningRecipe.Value,
        ProgressiveDistillationRecipe.Value,
        ContinuousConsistencyRecipe.Value,
    ];

    /// <summary>The recipe of a name.</summary>
    /// <param name="name">For example "ect", whatever its case.</param>
    /// <exception cref="ConsistencyModelsException">There is none.</exception>
    public static ObjectiveRecipe Find(string name) =>
        All.FirstOrDefault(recipe => string.Equals(recipe.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new ConsistencyModelsException($"there is no objective \"{name}\"; expected one of {string.Join(", ", All.Select(recipe => recipe.Name))}");

    /// <summary>Makes an objective.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="settings">Settings that are not at their defaults.</param>
    /// <exception cref="ConsistencyModelsException">There is no such objective or setting, or a value is out of its range.</exception>
    public static Objective Make(string name, IEnumerable<KeyValuePair<string, string>>? settings = null)
    {
        var recipe = Find(name);
        var values = new SettingValues(recipe.Name, settings ?? []);
        var objective = recipe.Make(values);
        values.ThrowIfOthers();
        return objective;
    }
}
