using System.Buffers;
using System.Numerics.Tensors;
using System.Text.Json;
using ConsistencyModels.Denoising;
using ConsistencyModels.Files;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Schedulers;

/// <summary>
/// One-step and multistep sampling of consistency models (arXiv 2303.01469, algorithm 1): diffusers' class of the same name.
/// It works on plain memory; every image in a batch is at the same noise level. An instance is cheap (one small table) and
/// keeps its place in the schedule, so every sampling run uses one of its own; it is not safe for use by several threads at once.
/// </summary>
public sealed class CMStochasticIterativeScheduler
{
    private const int ChunkLength = 1024;

    private double[]? _chosenSigmas;
    private double[]? _chosenTimesteps;

    /// <summary>A scheduler with its training schedule: N levels from sigma_max to sigma_min, in double precision, computed when asked for.</summary>
    /// <param name="config">The settings.</param>
    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    public CMStochasticIterativeScheduler(CMStochasticIterativeSchedulerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (config.FirstProblem() is { } problem)
        {
            throw new ArgumentException($"{problem.Key}: expected {problem.Expected}.", nameof(config));
        }

        Config = config;
    }

    /// <summary>The settings.</summary>
    public CMStochasticIterativeSchedulerConfig Config { get; }

    /// <summary>Standard deviation of the first sample: sigma_max. Given latents are multiplied by it as drawn ones are.</summary>
    public double InitNoiseSigma => Config.SigmaMax;

    /// <summary>
    /// The noise levels, descending. Before <see cref="SetTimesteps(int)"/>: N of them, in double precision. Afterwards: one a
    /// step and sigma_min at the end, rounded to float32.
    /// </summary>
    public IReadOnlyList<double> Sigmas => Levels;

    /// <summary>What the network is given at each step, 250·ln(sigma), in double precision (not of the rounded levels).</summary>
    public IReadOnlyList<double> Timesteps => Times;

    /// <summary>The number of steps asked for; null before <see cref="SetTimesteps(int)"/> and after a list of indices.</summary>
    public int? NumInferenceSteps { get; private set; }

    /// <summary>Whether the schedule was given as a list of indices.</summary>
    public bool CustomTimesteps { get; private set; }

    /// <summary>Index of the current step; null until the first call that names a timestep.</summary>
    public int? StepIndex { get; private set; }

    /// <summary>The timestep of a noise level: <see cref="KarrasSigmas.SigmaToT(double)"/>.</summary>
    public static double SigmaToT(double sigma) => KarrasSigmas.SigmaToT(sigma);

    /// <summary>Chooses the schedule by one of its two descriptions.</summary>
    /// <param name="numInferenceSteps">See <see cref="SetTimesteps(int)"/>.</param>
    /// <param name="timesteps">See <see cref="SetTimesteps(IReadOnlyList{int})"/>.</param>
    /// <exception cref="ArgumentException">Both are null, neither is, or the one given is wrong.</exception>
    public void SetTimesteps(int? numInferenceSteps, IReadOnlyList<int>? timesteps)
    {
        switch (numInferenceSteps, timesteps)
        {
            case ({ } count, null):
                SetTimesteps(count);
                break;
            case (null, { } list):
                SetTimesteps(list);
                break;
            case (null, null):
                throw new ArgumentException("Exactly one of the number of steps and the list of timesteps must be given; found neither.", nameof(timesteps));
            default:
                throw new ArgumentException("Only one of the number of steps and the list of timesteps can be given; found both.", nameof(timesteps));
        }
    }

    /// <summary>
    /// Chooses the model's own schedule for so many steps (<see cref="CMStochasticIterativeSchedulerConfig.OwnTimesteps"/>), or where it has
    /// none, as in diffusers, one of equally spaced indices, each N / steps (rounded down) after the one before, from sigma_max on.
    /// </summary>
    /// <param name="numInferenceSteps">Number of steps, 1 to N.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is out of that range; the schedule stays as it was.</exception>
    public void SetTimesteps(int numInferenceSteps)
    {
        if (numInferenceSteps < 1 || numInferenceSteps > Config.NumTrainTimesteps)
        {
            throw new ArgumentOutOfRangeException(
                nameof(numInferenceSteps),
                $"The number of steps is {numInferenceSteps}, expected 1 to num_train_timesteps, {Config.NumTrainTimesteps}.");
        }

        var spacing = Config.NumTrainTimesteps / numInferenceSteps;
        Use(Config.OwnTimesteps.For(numInferenceSteps)?.Reverse() ?? Enumerable.Range(0, numInferenceSteps).Select(i => i * spacing));
        NumInferenceSteps = numInferenceSteps;
        CustomTimesteps = false;
    }

    /// <summary>
    /// Chooses a schedule by indices into the training schedule. Index 0 is sigma_max and N-1 is sigma_min; the list is written
    /// in descending order and used backwards, so that [22, 0] means sigma_max first, then the level of index 22.
    /// </summary>
    /// <param name="timesteps">One or more strictly descending indices in [0, N).</param>
    /// <exception cref="ArgumentException">
    /// The list is empty, not descending or out of range; the schedule stays as it was. (Python accepts negative indices, which
    /// lead to noise levels above sigma_max.)
    /// </exception>
    public void SetTimesteps(IReadOnlyList<int> timesteps)
    {
        ArgumentNullException.ThrowIfNull(timesteps);
        if (timesteps.Count == 0)
        {
            throw new ArgumentException("The list of timesteps is empty, expected at least one index.", nameof(timesteps));
        }

        for (var i = 1; i < timesteps.Count; i++)
        {
            if (timesteps[i] >= timesteps[i - 1])
            {
                throw new ArgumentException(
                    $"The timesteps must be in descending order; found {timesteps[i]} after {timesteps[i - 1]}.", nameof(timesteps));
            }
        }

        if (timesteps[0] >= Config.NumTrainTimesteps || timesteps[^1] < 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(timesteps),
                $"The timesteps run from {timesteps[0]} to {timesteps[^1]}, expected indices of at least 0 and below num_train_timesteps, {Config.NumTrainTimesteps}.");
        }

        Use(timesteps.Reverse());
        NumInferenceSteps = null;
        CustomTimesteps = true;
    }

    /// <summary>The index of a timestep in <see cref="Timesteps"/>; of equal ones the second, as in diffusers.</summary>
    /// <param name="timestep">An element of <see cref="Timesteps"/>, not an index.</param>
    /// <exception cref="ArgumentException">It is not in the schedule.</exception>
    public int IndexForTimestep(double timestep)
    {
        var first = Array.IndexOf(Times, timestep);
        if (first < 0)
        {
            throw new ArgumentException(
                $"{timestep} is not in the schedule; pass an element of {nameof(Timesteps)}, not its index.", nameof(timestep));
        }

        var second = Array.IndexOf(Times, timestep, first + 1);
        return second < 0 ? first : second;
    }

    /// <summary>c_skip and c_out of EDM for a noise level, in single precision: <see cref="ConsistencyScalings.Edm"/>.</summary>
    public (float CSkip, float COut) GetScalings(float sigma) => ConsistencyScalings.Edm(sigma, Config.SigmaData);

    /// <summary>c_skip and c_out with the boundary condition, in single precision: <see cref="ConsistencyScalings.BoundaryCondition"/>.</summary>
    public (float CSkip, float COut) GetScalingsForBoundaryCondition(float sigma) =>
        ConsistencyScalings.BoundaryCondition(sigma, Config.SigmaMin, Config.SigmaData);

    /// <summary>Scales a sample for the network: divides by √(sigma² + sigma_data²).</summary>
    /// <param name="sample">The sample, any shape.</param>
    /// <param name="timestep">The current element of <see cref="Timesteps"/>; it is looked up in the first call only.</param>
    /// <param name="output">As long as the sample; may be the same memory.</param>
    /// <exception cref="ArgumentException">A length differs, or the timestep is not in the schedule.</exception>
    /// <exception cref="InvalidOperationException">All steps are done.</exception>
    public void ScaleModelInput(ReadOnlySpan<float> sample, double timestep, Span<float> output)
    {
        Same(sample.Length, output.Length, nameof(output));
        var sigma = (float)Levels[CurrentStep(timestep)];
        TensorPrimitives.Divide(sample, MathF.Sqrt((sigma * sigma) + (float)(Config.SigmaData * Config.SigmaData)), output);
    }

    /// <summary>
    /// One step: denoises with the boundary-condition scalings, clips if so configured, and adds noise up to the next level.
    /// With more than one step the last one adds noise as well, as diffusers does: its factor in single precision is about
    /// 7e-7 for sigma_min 0.002.
    /// </summary>
    /// <param name="modelOutput">The network's output F, any shape.</param>
    /// <param name="timestep">The current element of <see cref="Timesteps"/>; it is looked up in the first call only.</param>
    /// <param name="sample">The current (unscaled) sample.</param>
    /// <param name="noise">Standard normal numbers; may be empty for a schedule of one step, which adds none.</param>
    /// <param name="output">Receives the next sample; may be the memory of an input.</param>
    /// <exception cref="ArgumentException">A length differs, or the timestep is not in the schedule.</exception>
    /// <exception cref="InvalidOperationException">All steps are done.</exception>
    public void Step(
        ReadOnlySpan<float> modelOutput, double timestep, ReadOnlySpan<float> sample, ReadOnlySpan<float> noise, Span<float> output)
    {
        Same(sample.Length, modelOutput.Length, nameof(modelOutput));
        Same(sample.Length, output.Length, nameof(output));
        var noisy = Times.Length > 1;
        if (noisy)
        {
            Same(sample.Length, noise.Length, nameof(noise));
        }

        var step = CurrentStep(timestep);
        var (skip, scale) = GetScalingsForBoundaryCondition((float)Levels[step]);
        var noiseScale = NoiseScale((float)Levels[Math.Min(step + 1, Levels.Length - 1)]);
        Span<float> denoised = stackalloc float[ChunkLength];
        for (var start = 0; start < sample.Length; start += ChunkLength)
        {
            var range = start..Math.Min(start + ChunkLength, sample.Length);
            var part = denoised[..(range.End.Value - start)];
            TensorPrimitives.Multiply(sample[range], skip, part);
            TensorPrimitives.MultiplyAdd(modelOutput[range], scale, part, part);
            if (Config.ClipDenoised)
            {
                // Max and Min, unlike a comparison, let NaN through: a broken network must stay visible.
                TensorPrimitives.Max(part, -1f, part);
                TensorPrimitives.Min(part, 1f, part);
            }

            if (noisy)
            {
                TensorPrimitives.MultiplyAdd(noise[range], noiseScale, part, output[range]);
            }
            else
            {
                part.CopyTo(output[range]);
            }
        }

        StepIndex = step + 1;
    }

    /// <summary>One step with noise from a generator; a schedule of one step draws none.</summary>
    /// <param name="modelOutput">The network's output F, [images, …].</param>
    /// <param name="timestep">The current element of <see cref="Timesteps"/>; it is looked up in the first call only.</param>
    /// <param name="sample">The current (unscaled) sample.</param>
    /// <param name="generator">Source of the noise.</param>
    /// <param name="images">Number of images in the batch.</param>
    /// <param name="output">Receives the next sample; may be the memory of an input.</param>
    /// <exception cref="ArgumentException">A length differs, or the timestep is not in the schedule.</exception>
    /// <exception cref="InvalidOperationException">All steps are done.</exception>
    public void Step(
        ReadOnlySpan<float> modelOutput, double timestep, ReadOnlySpan<float> sample, INoiseGenerator generator, int images, Span<float> output)
    {
        ArgumentNullException.ThrowIfNull(generator);
        if (Times.Length == 1)
        {
            Step(modelOutput, timestep, sample, [], output);
            return;
        }

        // A step that would fail must not advance the generator.
        CurrentStep(timestep);
        var rented = ArrayPool<float>.Shared.Rent(sample.Length);
        try
        {
            var noise = rented.AsSpan(0, sample.Length);
            generator.Randn(noise, images);
            Step(modelOutput, timestep, sample, noise, output);
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }

    /// <summary>Adds noise of one level to a batch: original + sigma·noise.</summary>
    /// <param name="original">The images, any shape.</param>
    /// <param name="noise">Standard normal numbers, as many.</param>
    /// <param name="sigma">The noise level.</param>
    /// <param name="output">As long; may be the memory of an input.</param>
    /// <exception cref="ArgumentException">A length differs.</exception>
    public static void AddNoise(ReadOnlySpan<float> original, ReadOnlySpan<float> noise, float sigma, Span<float> output)
    {
        Same(original.Length, noise.Length, nameof(noise));
        Same(original.Length, output.Length, nameof(output));
        TensorPrimitives.MultiplyAdd(noise, sigma, original, output);
    }

    /// <summary>Adds noise to a batch, to each image of the level of its timestep in the current schedule: diffusers' <c>add_noise</c>.</summary>
    /// <param name="original">The images, [images, …].</param>
    /// <param name="noise">Standard normal numbers, as many.</param>
    /// <param name="timesteps">One element of <see cref="Timesteps"/> an image.</param>
    /// <param name="output">As long; may be the memory of an input.</param>
    /// <exception cref="ArgumentException">A length differs, or a timestep is not in the schedule.</exception>
    public void AddNoise(ReadOnlySpan<float> original, ReadOnlySpan<float> noise, ReadOnlySpan<double> timesteps, Span<float> output)
    {
        Same(original.Length, noise.Length, nameof(noise));
        Same(original.Length, output.Length, nameof(output));
        var length = PerImageGenerator.ImageLength(original.Length, timesteps.Length);
        Span<int> indices = timesteps.Length <= ChunkLength ? stackalloc int[timesteps.Length] : new int[timesteps.Length];
        for (var i = 0; i < indices.Length; i++)
        {
            indices[i] = IndexForTimestep(timesteps[i]);
        }

        for (var i = 0; i < indices.Length; i++)
        {
            var image = (i * length)..((i + 1) * length);
            AddNoise(original[image], noise[image], (float)Levels[indices[i]], output[image]);
        }
    }

    private static void Same(int expected, int found, string parameter)
    {
        if (found != expected)
        {
            throw new ArgumentException($"{parameter} has {found} elements, expected {expected}.", parameter);
        }
    }

    // Most instances choose their steps first, and N may be a million.
    private double[] Levels => _chosenSigmas ??= KarrasSigmas.Table(Config.NumTrainTimesteps, Config.SigmaMin, Config.SigmaMax, Config.Rho);

    private double[] Times => _chosenTimesteps ??= Array.ConvertAll(Levels, KarrasSigmas.SigmaToT);

    private void Use(IEnumerable<int> indices)
    {
        double last = Config.NumTrainTimesteps - 1;
        double[] exact = [.. indices.Select(i => KarrasSigmas.At(i / last, Config.SigmaMin, Config.SigmaMax, Config.Rho))];
        _chosenTimesteps = Array.ConvertAll(exact, KarrasSigmas.SigmaToT);
        _chosenSigmas = [.. exact.Append(Config.SigmaMin).Select(sigma => (double)(float)sigma)];
        StepIndex = null;
    }

    private int CurrentStep(double timestep)
    {
        StepIndex ??= IndexForTimestep(timestep);
        return StepIndex.Value < Times.Length
            ? StepIndex.Value
            : throw new InvalidOperationException(
                $"All {Times.Length} steps of the schedule are done; call {nameof(SetTimesteps)} to start again.");
    }

    /// <summary>s_noise·√(next² - sigma_min²), in the single precision the references compute it in.</summary>
    /// <param name="next">The next noise level.</param>
    internal float NoiseScale(float next)
    {
        var min = (float)Config.SigmaMin;
        var level = Math.Clamp(next, min, (float)Config.SigmaMax);

        // Rounding can make the difference a little negative when level is sigma_min.
        var root = MathF.Sqrt(Math.Max(0, (level * level) - (float)(Config.SigmaMin * Config.SigmaMin)));
        return (float)Config.SNoise * root;
    }
}

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

    /// <summary>Most discretization steps: far more than any training used, and a table of them is still small.</summary>
    public const int MostTrainTimesteps = 1_000_000;

    // Levels between which squares, and the sums that samplers make of them, are ordinary numbers in single precision.
    private const double Smallest = 1e-12;
    private const double Largest = 1e12;

    /// <summary>N, the number of discretization steps the network was trained with: 2 to <see cref="MostTrainTimesteps"/>. <c>num_train_timesteps</c></summary>
    public int NumTrainTimesteps { get; init; } = 40;

    /// <summary>Smallest noise level (epsilon in the paper), 1e-12 or more. <c>sigma_min</c></summary>
    public double SigmaMin { get; init; } = 0.002;

    /// <summary>Largest noise level (T in the paper), above <see cref="SigmaMin"/>, at most 1e12. <c>sigma_max</c></summary>
    public double SigmaMax { get; init; } = 80.0;

    /// <summary>Standard deviation of the data, 1e-12 to 1e12. <c>sigma_data</c></summary>
    public double SigmaData { get; init; } = 0.5;

    /// <summary>Factor on the noise added between steps, 0 to 1e12. <c>s_noise</c></summary>
    public double SNoise { get; init; } = 1.0;

    /// <summary>Curvature of the noise schedule, above 0, and such that its powers of the levels are numbers. <c>rho</c></summary>
    public double Rho { get; init; } = 7.0;

    /// <summary>Whether denoised images are clipped to [-1, 1] in every step. <c>clip_denoised</c></summary>
    public bool ClipDenoised { get; init; } = true;

    /// <summary>
    /// The model's own timesteps for sampling in so many steps, below <see cref="NumTrainTimesteps"/>. <c>_timesteps</c>, a list of lists;
    /// diffusers passes over keys that begin with an underscore, and spaces its steps equally.
    /// </summary>
    public TimestepTable OwnTimesteps { get; init; } = TimestepTable.None;

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
        NumTrainTimesteps is < 2 or > MostTrainTimesteps ? (NumTrainTimestepsKey, $"an integer from 2 to {MostTrainTimesteps}")
        : !(SigmaMin >= Smallest) ? (SigmaMinKey, "a number of at least 1e-12")
        : !(SigmaMax > SigmaMin) || SigmaMax > Largest ? (SigmaMaxKey, $"a number above {SigmaMinKey}, at most 1e12")
        : !(SigmaData >= Smallest) || SigmaData > Largest ? (SigmaDataKey, "a number from 1e-12 to 1e12")
        : !(SNoise >= 0) || SNoise > Largest ? (SNoiseKey, "a number from 0 to 1e12")
        : !(Rho > 0) || !IsExact(0, SigmaMax) || !IsExact(1, SigmaMin) ? (RhoKey, $"a number above 0 with which a schedule from {SigmaMaxKey} to {SigmaMinKey} can be computed")
        : !OwnTimesteps.Fits(NumTrainTimesteps) ? (TimestepTable.Key, $"indices below {NumTrainTimestepsKey}, {NumTrainTimesteps}")
        : null;

    // A very small rho overflows, a very large one makes all levels the same.
    private bool IsExact(double ramp, double level) => Math.Abs(KarrasSigmas.At(ramp, SigmaMin, SigmaMax, Rho) - level) <= 1e-3 * level;

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
            OwnTimesteps = ReadTimesteps(reader),
            Extras = reader.Extras,
        };
        return config.FirstProblem() is { } problem ? throw reader.Bad(problem.Key, problem.Expected) : config;
    }

    private static TimestepTable ReadTimesteps(ConfigReader reader) => !reader.Has(TimestepTable.Key) ? TimestepTable.None
        : TimestepTable.FromJson(reader.Element(TimestepTable.Key)!.Value) ?? throw reader.Bad(TimestepTable.Key, "lists of descending indices, one for a number of steps, such as [[22, 0]]");

    private ConfigWriter Writer() => (OwnTimesteps.Steps.Count == 0 ? new ConfigWriter() : new ConfigWriter().Set(TimestepTable.Key, OwnTimesteps.ToJson()))
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
