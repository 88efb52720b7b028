using System.Text.Json;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Models;

/// <summary>
/// A pipeline's <c>model_index.json</c>: which classes it is made of, the names of its classes, and keys this library does not know.
/// A consistency model is diffusers' ConsistencyModelPipeline; a diffusion model a DiffusionPipeline with an EDMEulerScheduler.
/// </summary>
internal sealed record ModelIndex
{
    private const string ClassNameKey = "_class_name";
    private const string VersionKey = "_diffusers_version";
    private const string ConsistencyClass = "ConsistencyModelPipeline";
    private const string DiffusionClass = "DiffusionPipeline";
    private const string UNetClass = "UNet2DModel";
    private const string Library = "diffusers";

    public ModelKind Kind { get; init; }

    public ClassNames? ClassNames { get; init; }

    public string Version { get; init; } = ConfigWriter.DiffusersVersion;

    public IReadOnlyDictionary<string, JsonElement> Extras { get; init => field = ValueExtras.Of(value); } = ValueExtras.None;

    public static ModelIndex Load(string path)
    {
        var reader = ConfigReader.Load(path);
        var kind = reader.String(ClassNameKey) switch
        {
            ConsistencyClass => ModelKind.Consistency,
            DiffusionClass => ModelKind.Diffusion,
            _ => throw reader.Bad(ClassNameKey, $"\"{ConsistencyClass}\", or \"{DiffusionClass}\" for a diffusion model: this library runs no other pipelines"),
        };
        Component(reader, ModelLayout.UNet, UNetClass);
        Component(reader, ModelLayout.Scheduler, SchedulerClass(kind));
        var version = reader.StringOrNull(VersionKey) ?? ConfigWriter.DiffusersVersion;
        ClassNames? names = null;
        if (reader.Has(ClassNames.Key))
        {
            names = ClassNames.FromJson(reader.Element(ClassNames.Key)!.Value)
                ?? throw reader.Bad(ClassNames.Key, "class names by index such as {\"0\": \"tench\"}");
        }

        return new ModelIndex { Kind = kind, ClassNames = names, Version = version, Extras = reader.Extras };
    }

    public string ToJson()
    {
        var writer = new ConfigWriter()
            .Set(ClassNameKey, Kind == ModelKind.Diffusion ? DiffusionClass : ConsistencyClass)
            .Set(VersionKey, Version)
            .Set(ModelLayout.UNet, [Library, UNetClass])
            .Set(ModelLayout.Scheduler, [Library, SchedulerClass(Kind)]);
        if (ClassNames is not null)
        {
            writer.Set(ClassNames.Key, ClassNames.ToJson());
        }

        return writer.AddMissing(Extras).ToJson();
    }

    private static string SchedulerClass(ModelKind kind) =>
        kind == ModelKind.Diffusion ? SchedulerFile.DiffusionClass : CMStochasticIterativeSchedulerConfig.ClassName;

    private static void Component(ConfigReader reader, string key, string expected)
    {
        if (reader.StringList(key) is not [_, var found] || found != expected)
        {
            throw reader.Bad(key, $"[\"{Library}\", \"{expected}\"]");
        }
    }
}
