using System.Text.Json;
using ConsistencyModels.Files;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Models;

/// <summary>A pipeline's <c>model_index.json</c>: which classes it is made of, the names of its classes, and keys this library does not know.</summary>
internal sealed record ModelIndex
{
    public const string FileName = "model_index.json";

    private const string ClassNameKey = "_class_name";
    private const string VersionKey = "_diffusers_version";
    private const string UNetKey = "unet";
    private const string SchedulerKey = "scheduler";
    private const string PipelineClass = "ConsistencyModelPipeline";
    private const string UNetClass = "UNet2DModel";
    private const string Library = "diffusers";

    public ClassNames? ClassNames { get; init; }

    public string Version { get; init; } = ConfigWriter.DiffusersVersion;

    public IReadOnlyDictionary<string, JsonElement> Extras { get; init; } = new Dictionary<string, JsonElement>();

    public static ModelIndex Load(string path)
    {
        var reader = ConfigReader.Load(path);
        if (reader.String(ClassNameKey) != PipelineClass)
        {
            throw reader.Bad(ClassNameKey, $"\"{PipelineClass}\": this library runs no other pipelines");
        }

        Component(reader, UNetKey, UNetClass);
        Component(reader, SchedulerKey, CMStochasticIterativeSchedulerConfig.ClassName);
        var version = reader.StringOrNull(VersionKey) ?? ConfigWriter.DiffusersVersion;
        ClassNames? names = null;
        if (reader.Has(ClassNames.Key))
        {
            names = ClassNames.Parse(reader.Element(ClassNames.Key)!.Value)
                ?? throw reader.Bad(ClassNames.Key, "class names by index such as {\"0\": \"tench\"}");
        }

        return new ModelIndex { ClassNames = names, Version = version, Extras = reader.Extras };
    }

    public void Save(string path)
    {
        var writer = new ConfigWriter()
            .Set(ClassNameKey, PipelineClass)
            .Set(VersionKey, Version)
            .Set(UNetKey, [Library, UNetClass])
            .Set(SchedulerKey, [Library, CMStochasticIterativeSchedulerConfig.ClassName]);
        if (ClassNames is not null)
        {
            writer.Set(ClassNames.Key, ClassNames.ToJson());
        }

        writer.AddMissing(Extras).Save(path);
    }

    private static void Component(ConfigReader reader, string key, string expected)
    {
        if (reader.StringList(key) is not [_, var found] || found != expected)
        {
            throw reader.Bad(key, $"[\"{Library}\", \"{expected}\"]");
        }
    }
}
