using ConsistencyModels.Data;
using ConsistencyModels.Engines;
using ConsistencyModels.Models;
using ConsistencyModels.Training.Objectives.Catalogue;
using ConsistencyModels.Training.Runs;

namespace Snippets;

/// <summary>src/ConsistencyModels.Training/README.md</summary>
internal static class TrainingPackage
{
    public static void Run()
    {
        var stop = new CancellationToken(canceled: true);

        // A diffusion model becomes a consistency model.
        using var start = ModelReader.Open("runs/edm/model");
        using var pictures = ImageDataSets.Open("pictures", new ImageDataSetOptions { Size = start.Config.SampleSize!.Value.Height });
        var options = new TrainingOptions
        {
            Folder = "runs/mine",
            Network = start.Config,
            InitialModel = start,
            Objective = ObjectiveCatalogue.Make("ect"),
            Images = 1_000_000,
        };
        using var trainer = new Trainer(options, pictures, EngineRegistry.Managed);
        trainer.Run(cancellationToken: stop);   // a token; once cancelled, it saves, and the same lines go on
    }
}
