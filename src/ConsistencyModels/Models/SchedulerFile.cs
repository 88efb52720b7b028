using System.Text.Json;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;
using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Models;

/// <summary>
/// The <c>scheduler_config.json</c> of either kind of model. A diffusion model's is diffusers' EDMEulerScheduler, whose noise levels
/// are read into the same record as a consistency model's.
/// </summary>
internal static class SchedulerFile
{
    /// <summary>diffusers' class for models trained as EDM trains them.</summary>
    public const string DiffusionClass = "EDMEulerScheduler";

    private const string ClassNameKey = "_class_name";
    private const string PredictionKey = "prediction_type";
    private const string Epsilon = "epsilon";

    /// <summary>The kind of a model and its noise levels: given, read, or by the way it was trained.</summary>
    /// <param name="path">The model, whose name may say how it was trained.</param>
    /// <param name="file">Where its scheduler would be; null if nowhere.</param>
    /// <param name="index">The pipeline's own file, which promises that there is a scheduler; null if there is none.</param>
    /// <param name="config">The network.</param>
    /// <param name="options">What replaces or completes what is there.</param>
    /// <exception cref="ConsistencyModelsException">The file is damaged, of another class than promised, or promised and missing.</exception>
    public static (ModelKind Kind, bool IsGuess, CMStochasticIterativeSchedulerConfig Scheduler) Choose(
        string path, string? file, ModelIndex? index, UNet2DConfig config, ModelOptions options)
    {
        var (kind, guess, scheduler) = Find(path, file, index, config, options);
        scheduler = options.Scheduler ?? scheduler;

        // Its own timesteps are indices into another table then.
        return (kind, guess, options.NumTrainTimesteps is { } steps && steps != scheduler.NumTrainTimesteps ? scheduler with { NumTrainTimesteps = steps, OwnTimesteps = TimestepTable.None } : scheduler);
    }

    /// <summary>The file's text, as diffusers would write it.</summary>
    public static string ToJson(ModelKind kind, CMStochasticIterativeSchedulerConfig config) => kind == ModelKind.Consistency
        ? config.ToJson()
        : new ConfigWriter()
            .Set(ClassNameKey, DiffusionClass)
            .Set("num_train_timesteps", config.NumTrainTimesteps)
            .Set("sigma_min", config.SigmaMin)
            .Set("sigma_max", config.SigmaMax)
            .Set("sigma_data", config.SigmaData)
            .Set("rho", config.Rho)
            .Set(PredictionKey, Epsilon)
            .AddMissing(config.Extras)
            .AddMissing(Defaults)
            .AddVersion()
            .ToJson();

    private static IEnumerable<KeyValuePair<string, JsonElement>> Defaults =>
        new Dictionary<string, string> { ["sigma_schedule"] = "karras", ["final_sigmas_type"] = "zero" }
            .Select(pair => KeyValuePair.Create(pair.Key, JsonElement.Parse($"\"{pair.Value}\"")));

    private static (ModelKind Kind, bool IsGuess, CMStochasticIterativeSchedulerConfig Scheduler) Find(
        string path, string? file, ModelIndex? index, UNet2DConfig config, ModelOptions options)
    {
        if (file is not null && File.Exists(file))
        {
            var (kind, scheduler) = Read(file, index?.Kind);
            return (kind, false, scheduler);
        }

        // A pipeline names its scheduler: where it is missing, a copy is incomplete, and a guess would be silently wrong.
        if (index is not null && options is { Mode: null, Scheduler: null, NumTrainTimesteps: null })
        {
            throw new ConsistencyModelsException(
                $"{file}: there is no such file, but {ModelLayout.Index} says that there is; copy it, or say how the model was trained (ModelOptions.Mode; cm: --kind)");
        }

        var mode = options.Mode ?? SchedulerPresets.FromName(path);
        var presets = SchedulerPresets.For(mode ?? TrainingMode.ConsistencyDistillation, config);
        return index is not null ? (index.Kind, false, index.Kind == ModelKind.Diffusion ? SchedulerPresets.Diffusion : presets)
            : (SchedulerPresets.KindOf(mode ?? TrainingMode.ConsistencyDistillation), mode is null, presets);
    }

    private static (ModelKind, CMStochasticIterativeSchedulerConfig) Read(string file, ModelKind? promised)
    {
        var reader = ConfigReader.Load(file);
        var name = reader.String(ClassNameKey, CMStochasticIterativeSchedulerConfig.ClassName);
        var expected = promised switch
        {
            ModelKind.Consistency => $"\"{CMStochasticIterativeSchedulerConfig.ClassName}\"",
            ModelKind.Diffusion => $"\"{DiffusionClass}\"",
            _ => $"\"{CMStochasticIterativeSchedulerConfig.ClassName}\" or \"{DiffusionClass}\"",
        };
        return name switch
        {
            CMStochasticIterativeSchedulerConfig.ClassName when promised is not ModelKind.Diffusion =>
                (ModelKind.Consistency, CMStochasticIterativeSchedulerConfig.Read(reader)),
            DiffusionClass when promised is not ModelKind.Consistency => (ModelKind.Diffusion, ReadDiffusion(reader)),
            _ => throw reader.Bad(ClassNameKey, expected),
        };
    }

    // diffusers' EDMEulerScheduler.__init__: the same names and, but for the number of steps, the same defaults.
    private static CMStochasticIterativeSchedulerConfig ReadDiffusion(ConfigReader reader)
    {
        if (reader.String(PredictionKey, Epsilon) != Epsilon)
        {
            throw reader.Bad(PredictionKey, $"\"{Epsilon}\"");
        }

        var defaults = SchedulerPresets.Diffusion;
        var config = defaults with
        {
            NumTrainTimesteps = reader.Int("num_train_timesteps", defaults.NumTrainTimesteps),
            SigmaMin = reader.Double("sigma_min", defaults.SigmaMin),
            SigmaMax = reader.Double("sigma_max", defaults.SigmaMax),
            SigmaData = reader.Double("sigma_data", defaults.SigmaData),
            Rho = reader.Double("rho", defaults.Rho),
        };
        foreach (var (key, value) in Defaults)
        {
            if (reader.Has(key) && reader.String(key) != value.GetString())
            {
                throw reader.Bad(key, $"\"{value.GetString()}\"");
            }
        }

        config = config with { Extras = reader.Extras };
        return config.FirstProblem() is { } problem ? throw reader.Bad(problem.Key, problem.Expected) : config;
    }
}
