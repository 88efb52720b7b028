using System.Text.Json;
using ConsistencyModels.Files;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using ConsistencyModels.Training.Steps;

namespace ConsistencyModels.Training.Runs;

/// <summary>Where a run begins: at its newest checkpoint that can be read, else at given weights, else at fresh ones.</summary>
internal static class StartingPoint
{
    /// <summary>Fills the state.</summary>
    /// <returns>What the user should know, or null: that a damaged checkpoint was left out.</returns>
    /// <exception cref="ConsistencyModelsException">
    /// The folder holds another run, or only damaged checkpoints; or the weights to start from are not those of the network.
    /// </exception>
    public static string? Set(TrainingState state, TrainingOptions options, RunFolder folder, IReadOnlyDictionary<string, string> identity)
    {
        var damaged = new List<CheckpointException>();
        foreach (var path in folder.CheckpointFiles().Reverse())
        {
            try
            {
                TrainingCheckpoint.Load(path, state, identity);
                if (damaged.Count == 0)
                {
                    return null;
                }

                // Only now, and not deleted: otherwise good ones would be pruned in their favour.
                folder.SetAside(damaged.Count);
                return $"{damaged[0].Message}; it is set aside, and the run goes on from {path}";
            }
            catch (CheckpointException e)
            {
                damaged.Add(e);
            }
        }

        if (damaged.Count > 0)
        {
            throw new ConsistencyModelsException(
                $"{damaged[0].Message}; no other checkpoint of the run can be read: delete {folder.Checkpoints} to start anew", damaged[0]);
        }

        var network = state.Network;
        if ((options.InitialModel ?? (options.Objective.StudentBecomesTeacher ? options.Teacher : null)) is { } model)
        {
            ThrowIfOther(model.Path, model.Config, network.Description.Config);
            using var weights = model.OpenWeights();
            ParameterFiles.Load(network.Description, network.Parameters, weights);
        }
        else
        {
            ParameterFiles.Initialize(network.Description, network.Parameters, new TorchGenerator(options.Seed), zeroResiduals: true);
        }

        state.StartFromParameters();
        if (state.Teacher is { } own && options.Teacher is { } teacher)
        {
            ThrowIfOther(teacher.Path, teacher.Config, network.Description.Config);
            using var weights = teacher.OpenWeights();
            ParameterFiles.Load(network.Description, own, weights);
        }

        return null;
    }

    // Shapes do not tell: group sizes, epsilons or the order of sines may differ where every tensor fits.
    private static void ThrowIfOther(string path, UNet2DConfig found, UNet2DConfig expected)
    {
        using var theirs = JsonDocument.Parse(WhatWeightsNeed(found).ToJson());
        using var ours = JsonDocument.Parse(WhatWeightsNeed(expected).ToJson());
        foreach (var name in ours.RootElement.EnumerateObject().Concat(theirs.RootElement.EnumerateObject()).Select(setting => setting.Name))
        {
            var (other, own) = (Text(theirs.RootElement, name), Text(ours.RootElement, name));
            if (other != own)
            {
                throw new ConsistencyModelsException(
                    $"{path}: {name} is {other}, the network to train has {own}: its weights would mean something else there");
            }
        }
    }

    // A few settings are written only where they are not the default.
    private static string Text(JsonElement settings, string name) => settings.TryGetProperty(name, out var value) ? value.GetRawText() : "the default";

    private static UNet2DConfig WhatWeightsNeed(UNet2DConfig config) => config with
    {
        SampleSize = null,
        Dropout = 0,
        ActFn = "silu",
        TimeEmbeddingDim = config.TimeEmbeddingWidth,
        Extras = new Dictionary<string, JsonElement>(),
    };
}
