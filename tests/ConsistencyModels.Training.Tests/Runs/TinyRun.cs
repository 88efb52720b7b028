using ConsistencyModels.Engines;
using ConsistencyModels.Networks;
using ConsistencyModels.Torch;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Objectives.Catalogue;
using ConsistencyModels.Training.Runs;

namespace ConsistencyModels.Training.Tests.Runs;

/// <summary>A run small enough to be made for every test, in a folder of its own.</summary>
internal sealed class TinyRun : IDisposable
{
    public static EngineRegistry Engines { get; } = EngineRegistry.Managed.With(new TorchEngine());

    public string Folder { get; } = Directory.CreateTempSubdirectory("cm-tests-").FullName;

    public TrainingOptions Options(Objective? objective = null, string name = "run") => new()
    {
        Folder = Path.Combine(Folder, name),
        Network = new UNet2DConfig
        {
            SampleSize = new(8, 8),
            BlockOutChannels = [16, 16],
            NormNumGroups = 4,
            LayersPerBlock = 1,
            AttentionHeadDim = 8,
            DownBlockTypes = ["DownBlock2D", "AttnDownBlock2D"],
            UpBlockTypes = ["AttnUpBlock2D", "UpBlock2D"],
            NumClassEmbeds = 2,
        },
        Objective = objective ?? ObjectiveCatalogue.Make("edm"),
        Images = 100_000,
        Batch = 8,
        LogEverySteps = 1,
        Seed = 5,
    };

    /// <summary>An objective with settings as on the command line.</summary>
    public static Objective Make(string name, params IReadOnlyList<string> settings) =>
        ObjectiveCatalogue.Make(name, settings.Select(setting => KeyValuePair.Create(setting.Split('=')[0], setting.Split('=')[1])));

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
