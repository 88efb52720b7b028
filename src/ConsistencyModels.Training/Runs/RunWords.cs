using System.Text.Json.Nodes;
using ConsistencyModels.Data;
using ConsistencyModels.Networks;
using ConsistencyModels.Training.Records;

namespace ConsistencyModels.Training.Runs;

/// <summary>A run's whole configuration in the words of its run.json.</summary>
internal static class RunWords
{
    public static RunDescription Of(TrainingOptions options, IImageDataSet data, IReadOnlyDictionary<string, string> identity) => new(
        new RunSection("objective", [("name", options.Objective.Name), .. options.Objective.Settings.OrderBy(setting => setting.Key, StringComparer.Ordinal).Select(setting => (setting.Key, (JsonNode?)setting.Value))]),
        new RunSection(
            "training",
            ("images", options.Images),
            ("batch", options.Batch),
            ("micro_batch", options.MicroBatch),
            ("lr", options.LearningRate),
            ("ramp", options.RampImages),
            ("decay", options.DecayImages),
            ("averages", new JsonArray([.. options.Averages.Select(average => (JsonNode?)average.ToString())])),
            ("clip", options.ClipNorm),
            ("flip", options.Flip),
            ("augment", options.Augment),
            ("seed", options.Seed),
            ("init", options.InitialModel?.Path),
            ("teacher", options.Teacher?.Path)),
        new RunSection(
            "optimizer",
            ("kind", options.Optimizer.Kind.ToString()),
            ("beta1", options.Optimizer.Beta1),
            ("beta2", options.Optimizer.Beta2),
            ("eps", options.Optimizer.Epsilon),
            ("weight_decay", options.Optimizer.WeightDecay)),
        new RunSection(
            "data",
            ("images", data.Count),
            ("height", data.Height),
            ("width", data.Width),
            ("channels", data.Channels),
            ("classes", new JsonArray([.. data.ClassNames.Select(name => (JsonNode?)name)]))),
        new RunSection("network", [("parameters", UNet2DDescription.Of(options.Network).ParameterCount), ("config", JsonNode.Parse(options.Network.ToJson()))]),
        new RunSection("identity", identity.Select(word => (word.Key, (JsonNode?)word.Value))),
        new RunSection("origin", options.Origin.Select(word => (word.Key, (JsonNode?)word.Value))),
        RunDescription.Versions(("engine", options.Engine), ("device", options.Device), ("threads", options.ThreadCount), ("precision", options.Precision.ToString()), ("processes", options.Processes.Count)));
}
