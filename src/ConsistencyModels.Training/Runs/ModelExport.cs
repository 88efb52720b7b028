using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Steps;

namespace ConsistencyModels.Training.Runs;

/// <summary>A trained network as a model that <see cref="ModelWriter"/> saves.</summary>
public static class ModelExport
{
    /// <summary>Describes a trained network: a consistency model, or a diffusion model, with the scheduler of its objective.</summary>
    /// <param name="network">The network; what tells it of augmentation is left out.</param>
    /// <param name="parameters">Its parameters, or an average of them; read when the model is saved.</param>
    /// <param name="objective">What it was trained for.</param>
    /// <param name="classNames">Names of the classes in the order of the labels; used if the network has classes.</param>
    public static Model Of(UNet2DDescription network, IParameterBuffer parameters, Objective objective, IReadOnlyList<string> classNames)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(objective);
        ArgumentNullException.ThrowIfNull(classNames);
        KeyValuePair<int, string>[] named = network.Config.NumClassEmbeds is null
            ? []
            : [.. classNames.Select((name, index) => KeyValuePair.Create(index, name)).Where(pair => !string.IsNullOrWhiteSpace(pair.Value))];
        return Model.Of(
            network.Config,
            objective.Scheduler,
            objective.Makes,
            named.Length == 0 ? null : new ClassNames(named),
            () => ParameterFiles.AsTensors(network.WithoutAugmentLabels(), parameters));
    }
}
