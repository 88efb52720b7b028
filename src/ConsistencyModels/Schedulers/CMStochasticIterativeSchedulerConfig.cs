using System.Text.Json;
using ConsistencyModels.Files;

namespace ConsistencyModels.Schedulers;

/// <summary>
/// The scheduler's settings, with the names and defaults of diffusers' <c>scheduler_config.json</c>. Keys this class does not
/// know survive a round trip. Two configurations are equal if everything in them is, other keys in any order.
/// </summary>
public sealed record CMStochasticIterativeSchedulerConfig
{
    /// <summary>The value of <c>_class_name</c> in the file.</summary>
    public const string ClassName = "CMStochasticIterativeScheduler";

    private const string ClassNameKey = "_class_name";
    private const string NumTrainTimestepsKey = "num_train_timesteps";
    private const string SigmaMinKey = "sigma_min";
    private const string SigmaMaxKey = "sigma_max";
    private const string SigmaDataKey = "sigma_data";
    private const string SNoiseKey = "s_noise";
    private const string RhoKey = "rho";
    private const string ClipDenoisedKey = "clip_denoised";

    /// <summary>N, the number of discretization steps the network was trained with: at least 2. <c>num_train_timesteps</c></summary>
    public int NumTrainTimesteps { get; init; } = 40;

    /// <summary>Smallest noise level (epsilon in the paper), above 0. <c>sigma_min</c></summary>
    public double SigmaMin { get; init; } = 0.002;

    /// <summary>Largest noise level (T in the paper), above <see cref="SigmaMin"/>. <c>sigma_max</c></summary>
    public double SigmaMax { get; init; } = 80.0;

    /// <summary>Standard deviation of the data, above 0. <c>sigma_data</c></summary>
    public double SigmaData { get; init; } = 0.5;

    /// <summary>Factor on the noise added between steps, 0 or more. <c>s_noise</c></summary>
    public double SNoise { get; init; } = 1.0;

    /// <summary>Curvature of the noise schedule, above 0. <c>rho</c></summary>
    public double Rho { get; init; } = 7.0;

    /// <summary>Whether denoised images are clipped to [-1, 1] in every step. <c>clip_denoised</c></summary>
    public bool ClipDenoised { get; init; } = true;

    /// <summary>The file's other keys, written back as they are.</summary>
    public IReadOnlyDictionary<string, JsonElement> Extras { get; init => field = ValueExtras.Of(value); } = ValueExtras.None;

    /// <summary>Reads a <c>scheduler_config.json</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ConsistencyModelsException">The file is missing, not JSON, of another class, or has a value of a wrong type or range.</exception>
    public static CMStochasticIterativeSchedulerConfig Load(string path) => Read(ConfigReader.Load(path));

    /// <summary>Reads the file's text.</summary>
    /// <param name="json">The text.</param>
    /// <param name="origin">Where it came from, for messages.</param>
    /// <exception cref="ConsistencyModelsException">As for <see cref="Load"/>.</exception>
    public static CMStochasticIterativeSchedulerConfig FromJson(string json, string origin = "scheduler_config.json") =>
        Read(ConfigReader.FromJson(json, origin));

    /// <summary>The file's text, as diffusers would write it.</summary>
    public string ToJson() => Writer().ToJson();

    /// <summary>Writes a <c>scheduler_config.json</c>.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <exception cref="ConsistencyModelsException">The file cannot be written.</exception>
    public void Save(string path) => Writer().Save(path);

    /// <summary>The first setting that is out of its range, with the range in words; null if all is well.</summary>
    internal (string Key, string Expected)? FirstProblem() =>
        NumTrainTimesteps < 2 ? (NumTrainTimestepsKey, "an integer of at least 2")
        : !(SigmaMin > 0) ? (SigmaMinKey, "a number above 0")
        : !(SigmaMax > SigmaMin) || double.IsInfinity(SigmaMax) ? (SigmaMaxKey, $"a finite number above {SigmaMinKey}")
        : !(SigmaData > 0) || double.IsInfinity(SigmaData) ? (SigmaDataKey, "a finite number above 0")
        : !(SNoise >= 0) || double.IsInfinity(SNoise) ? (SNoiseKey, "a finite number, 0 or more")
        : !(Rho > 0) || double.IsInfinity(Rho) ? (RhoKey, "a finite number above 0")
        : null;

    internal static CMStochasticIterativeSchedulerConfig Read(ConfigReader reader)
    {
        if (reader.String(ClassNameKey, ClassName) != ClassName)
        {
            throw reader.Bad(ClassNameKey, $"\"{ClassName}\"");
        }

        var defaults = new CMStochasticIterativeSchedulerConfig();
        var config = new CMStochasticIterativeSchedulerConfig
        {
            NumTrainTimesteps = reader.Int(NumTrainTimestepsKey, defaults.NumTrainTimesteps),
            SigmaMin = reader.Double(SigmaMinKey, defaults.SigmaMin),
            SigmaMax = reader.Double(SigmaMaxKey, defaults.SigmaMax),
            SigmaData = reader.Double(SigmaDataKey, defaults.SigmaData),
            SNoise = reader.Double(SNoiseKey, defaults.SNoise),
            Rho = reader.Double(RhoKey, defaults.Rho),
            ClipDenoised = reader.Bool(ClipDenoisedKey, defaults.ClipDenoised),
            Extras = reader.Extras,
        };
        return config.FirstProblem() is { } problem ? throw reader.Bad(problem.Key, problem.Expected) : config;
    }

    private ConfigWriter Writer() => new ConfigWriter()
        .Set(ClassNameKey, ClassName)
        .Set(NumTrainTimestepsKey, NumTrainTimesteps)
        .Set(SigmaMinKey, SigmaMin)
        .Set(SigmaMaxKey, SigmaMax)
        .Set(SigmaDataKey, SigmaData)
        .Set(SNoiseKey, SNoise)
        .Set(RhoKey, Rho)
        .Set(ClipDenoisedKey, ClipDenoised)
        .AddMissing(Extras)
        .AddVersion();
}
