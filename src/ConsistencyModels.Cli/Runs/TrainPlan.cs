using ConsistencyModels.Data;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Torch.Perceptual;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Objectives.Catalogue;
using ConsistencyModels.Training.Optimization;
using ConsistencyModels.Training.Parallel;
using ConsistencyModels.Training.Recipes;
using ConsistencyModels.Training.Runs;

namespace ConsistencyModels.Cli.Runs;

/// <summary>A <c>cm train</c> command made ready: the pictures read, the options complete.</summary>
/// <param name="Pictures">The folder or archive, in the user's words.</param>
/// <param name="Options">What the trainer is told; its models belong to the plan.</param>
/// <param name="Data">The pictures.</param>
/// <param name="Warnings">What may not be meant; each a line.</param>
internal sealed record TrainPlan(string Pictures, TrainingOptions Options, ImageDataSet Data, IReadOnlyList<string> Warnings) : IDisposable
{
    private const string DefaultNetwork = "tiles32";
    private const long DefaultImages = 400_000;
    private const double AdamWDecay = 0.01;

    // With fewer images per step than this share of the published recipe, others have seen nothing but noise.
    private const int FarBelow = 8;

    /// <summary>How far rare classes are repeated, 0 to 1.</summary>
    public double Balance { get; private init; }

    /// <summary>What the objective measures with; null where it needs no network for that.</summary>
    private IImageDistance? Distance { get; init; }

    /// <summary>Reads the pictures and completes the options.</summary>
    /// <param name="settings">The words.</param>
    /// <param name="console">Where to show how far reading is.</param>
    /// <param name="processes">The processes that train together.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="ConsistencyModelsException">Something is missing, damaged, or does not fit.</exception>
    public static TrainPlan Make(TrainSettings settings, CliConsole console, ICollective processes, CancellationToken cancellation)
    {
        var recipe = RecipeOf(settings);
        var catalogued = ObjectiveCatalogue.Find(settings.Objective ?? recipe.Objective ?? "edm");
        var images = settings.Images ?? recipe.Images ?? DefaultImages;

        // A run that is made longer keeps what follows from its length.
        var length = RunFolder.BegunLength(settings.Run) ?? images;
        Model? start = null;
        Model? teacher = null;
        ImageDataSet? data = null;
        IImageDistance? distance = null;
        try
        {
            var objective = MakeObjective(settings, recipe, catalogued, length, asked => distance = LpipsDistance.Open(asked, settings.Device, settings.Threads));
            var named = settings.Network is not null ? NetworkSource.Load(settings.Network, console, cancellation) : recipe.Network;

            // A student begins as its teacher, and a diffusion model to begin with can be the teacher.
            var needsTeacher = objective.Needs.Contains(NetworkRole.Teacher);
            var startName = settings.Init ?? (needsTeacher ? settings.Teacher : null);
            start = startName is null ? null : OpenModel(startName, named, console, cancellation);
            var teacherName = needsTeacher ? settings.Teacher ?? settings.Init : null;
            teacher = teacherName is null ? null : OpenTeacher(teacherName, named, console, cancellation);
            ThrowIfNoTeacher(teacher, teacherName, settings.Teacher, needsTeacher, catalogued);
            var network = named ?? start?.Config ?? NetworkSource.Load(DefaultNetwork, console, cancellation);
            var size = SizeOf(settings, network);
            data = Spinner.For(console, "reading the pictures", report => ImageDataSets.Open(
                settings.Data,
                DataOptions(settings, size) with { Channels = network.InChannels },
                new SynchronousProgress<DecodeProgress>(done => report((double)done.Done / Math.Max(1, done.Total), $"{done.Done} of {done.Total}")),
                cancellation));
            network = network with { SampleSize = new(size, size) };

            // A preset's network has no classes of its own.
            if (settings.Network is { } words ? NetworkSource.IsPreset(words) : start is null || recipe.Network is not null)
            {
                network = network with { NumClassEmbeds = data.ClassNames.Count > 1 ? data.ClassNames.Count : null };
            }

            var options = Complete(settings, recipe, catalogued, objective, network, images, length) with { InitialModel = start, Teacher = teacher, Processes = processes };
            return new(settings.Data, options, data, [.. Doubts(options, catalogued, network, data)]) { Balance = settings.Balance, Distance = distance };
        }
        catch
        {
            start?.Dispose();
            teacher?.Dispose();
            data?.Dispose();
            distance?.Dispose();
            throw;
        }
    }

    /// <summary>Says what may not be meant.</summary>
    public void Warn(CliConsole console)
    {
        foreach (var warning in Warnings)
        {
            console.Note(warning);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Options.InitialModel?.Dispose();
        Options.Teacher?.Dispose();
        Data.Dispose();
        Distance?.Dispose();
    }

    /// <summary>How the pictures of a run are read.</summary>
    /// <param name="settings">The words of the command line.</param>
    /// <param name="size">Their side in pixels.</param>
    public static ImageDataSetOptions DataOptions(TrainSettings settings, int size) => new()
    {
        Size = size,
        Crop = CropOf(settings),
        Classes = settings.Classes is { } map ? ClassMap.Parse(map) : null,
        Background = settings.Background,
        ClassesFrom = settings.ClassesFrom is { } rule ? Enum.Parse<ClassRule>(rule, ignoreCase: true) : ClassRule.Auto,
        Balance = settings.Balance,
        Split = settings.Split,
        SkipUnreadable = settings.SkipDamaged,
        Threads = settings.Threads,
    };

    private static TrainingRecipe RecipeOf(TrainSettings settings) => (settings.Preset, settings.Recipe) switch
    {
        (not null, not null) => throw new ConsistencyModelsException("--preset and --recipe are both given, expected one of them"),
        ({ } name, _) => TrainingRecipe.Preset(name),
        (_, { } path) => TrainingRecipe.Load(path),
        _ => new TrainingRecipe(),
    };

    private static Objective MakeObjective(
        TrainSettings settings, TrainingRecipe recipe, ObjectiveRecipe catalogued, long length, Func<PerceptualOptions, IImageDistance> imageDistances)
    {
        if (recipe.Objective is { } meant && !string.Equals(meant, catalogued.Name, StringComparison.OrdinalIgnoreCase))
        {
            throw new ConsistencyModelsException($"--objective is '{catalogued.Name}', and the {(settings.Preset is null ? "--recipe" : "--preset")} is for {meant}: its step size and averages would be of another objective");
        }

        Dictionary<string, string> values = new(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in recipe.Settings)
        {
            values[name] = value;
        }

        foreach (var text in settings.Set)
        {
            var at = text.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
            {
                throw new ConsistencyModelsException($"--set is '{text}', expected NAME=VALUE, such as q=4");
            }

            values[text[..at].Trim()] = text[(at + 1)..];
        }

        var followsLength = catalogued.ByLength?.Invoke(length) is { } byLength && values.TryAdd(byLength.Key, byLength.Value);

        if (catalogued.TeacherSwitch is { } teacherSwitch && settings.Teacher is not null)
        {
            values.TryAdd(teacherSwitch, "true");
        }

        return ObjectiveCatalogue.Make(catalogued.Name, values, imageDistances) with { FollowsLength = followsLength };
    }

    private static void ThrowIfNoTeacher(Model? teacher, string? name, string? given, bool needed, ObjectiveRecipe objective)
    {
        if (needed && teacher is null)
        {
            throw new ConsistencyModelsException($"--objective {objective.Name} distils a diffusion model, and none is given; expected --teacher MODEL or --init MODEL, such as what --objective edm makes");
        }

        if (!needed && given is not null)
        {
            throw new ConsistencyModelsException($"--teacher is '{given}', but --objective {objective.Name} has no teacher");
        }

        if (teacher is { Kind: not ModelKind.Diffusion, KindIsGuess: false })
        {
            throw new ConsistencyModelsException($"{name}: this is a consistency model, expected a diffusion model as the teacher");
        }
    }

    private static int SizeOf(TrainSettings settings, UNet2DConfig network)
    {
        var size = settings.Size ?? (network.SampleSize is { } made && made.Height == made.Width
            ? made.Height
            : throw new ConsistencyModelsException("the network's sample_size is not a square, and training needs one; give --size"));
        return size % network.SpatialFactor == 0
            ? size
            : throw new ConsistencyModelsException($"--size is {size}, expected a multiple of {network.SpatialFactor} for this network");
    }

    private static ImageCrop CropOf(TrainSettings settings) => (settings.Crop, settings.NativeSizeOnly) switch
    {
        (null, true) => ImageCrop.None,
        (null, false) => ImageCrop.Center,
        (_, true) => throw new ConsistencyModelsException("--crop and --native-size-only are both given, expected one of them"),
        ({ } word, _) => Enum.Parse<ImageCrop>(word, ignoreCase: true),
    };

    // The size of heads and of pictures is not in a single file: a network that is named says it.
    private static Model OpenModel(string name, UNet2DConfig? network, CliConsole console, CancellationToken cancellation, TrainingMode? mode = null) => new ModelSettings
    {
        Name = name,
        Files = new ModelOptions { HeadDim = network?.AttentionHeadDim, SampleSize = network?.SampleSize, Mode = mode },
    }.Open(console, cancellation);

    // Where nothing says what a file is, it is taken for what is asked for: a consistency model's scalars would distil another function.
    private static Model OpenTeacher(string name, UNet2DConfig? network, CliConsole console, CancellationToken cancellation)
    {
        var model = OpenModel(name, network, console, cancellation);
        if (!model.KindIsGuess || model.Kind == ModelKind.Diffusion)
        {
            return model;
        }

        model.Dispose();
        return OpenModel(name, network, console with { Error = TextWriter.Null }, cancellation, TrainingMode.Edm); // its notes were said
    }

    private static TrainingOptions Complete(TrainSettings settings, TrainingRecipe recipe, ObjectiveRecipe catalogued, Objective objective, UNet2DConfig network, long images, long length)
    {
        var defaults = new TrainingOptions { Folder = settings.Run, Network = network, Objective = objective, Images = images };
        var optimizer = recipe.Optimizer ?? defaults.Optimizer;
        return defaults with
        {
            Batch = settings.Batch ?? recipe.Batch ?? defaults.Batch,
            MicroBatch = settings.MicroBatch ?? recipe.MicroBatch ?? defaults.MicroBatch,

            // Tuning moves a trained network: the published recipe takes a tenth of what training takes.
            LearningRate = settings.LearningRate ?? recipe.LearningRate ?? (catalogued.Tunes ? defaults.LearningRate / 10 : defaults.LearningRate),
            RampImages = settings.Ramp ?? recipe.RampImages ?? Math.Min(length / 10, 50_000),
            DecayImages = settings.Decay ?? recipe.DecayImages ?? defaults.DecayImages,
            Averages = AveragesOf(settings) ?? recipe.Averages ?? defaults.Averages,
            Optimizer = OptimizerOf(settings, optimizer),
            ClipNorm = settings.Clip ?? recipe.ClipNorm ?? defaults.ClipNorm,
            Precision = settings.DType is { } word ? CommonOptions.DTypeOf(word) : settings.Device == "cpu" ? defaults.Precision : recipe.Precision ?? defaults.Precision,
            Flip = settings.Flip || (recipe.Flip ?? false),
            Augment = settings.Augment ?? recipe.Augment ?? defaults.Augment,
            Seed = settings.Seed,
            Engine = settings.Engine,
            Device = settings.Device,
            Threads = settings.Threads,
            CheckpointEvery = settings.CheckpointEvery ?? defaults.CheckpointEvery,
            SampleEvery = settings.SampleEvery ?? defaults.SampleEvery,
            LogEverySteps = settings.LogEvery ?? defaults.LogEverySteps,
        };
    }

    private static Optimizer OptimizerOf(TrainSettings settings, Optimizer optimizer)
    {
        var kind = settings.Optimizer is { } word ? Enum.Parse<OptimizerKind>(word, ignoreCase: true) : optimizer.Kind;

        // PyTorch's default: without any, AdamW is Adam.
        var decay = settings.WeightDecay ?? (kind == OptimizerKind.AdamW && optimizer.WeightDecay == 0 ? AdamWDecay : optimizer.WeightDecay);
        return optimizer with { Kind = kind, WeightDecay = decay };
    }

    private static IReadOnlyList<AverageOptions>? AveragesOf(TrainSettings settings) => (settings.Averages, settings.HalfLife) switch
    {
        (not null, not null) => throw new ConsistencyModelsException("--averages and --half-life are both given, expected one of them"),
        ({ } list, _) => [.. list.Split(',', StringSplitOptions.TrimEntries).Select(text => AverageOptions.Parse(text, "--averages"))],
        (_, { } halfLife) => [AverageOptions.OfHalfLife(halfLife)],
        _ => null,
    };

    private static IEnumerable<string> Doubts(TrainingOptions options, ObjectiveRecipe catalogued, UNet2DConfig network, ImageDataSet data)
    {
        if (catalogued.Tunes && options.InitialModel is null)
        {
            yield return $"{catalogued.Name} tunes a diffusion model; without --init it starts from nothing: train with --objective edm first";
        }

        if (options.Batch * FarBelow < catalogued.PublishedBatch)
        {
            yield return $"--batch is {options.Batch}, and {catalogued.Name} was published with {catalogued.PublishedBatch}: others got noise from batches this small; ect is the one that needs the least";
        }

        foreach (var note in data.Notes)
        {
            yield return note;
        }

        if (data.Skipped.Count > 0)
        {
            yield return $"{data.Skipped.Count} {(data.Skipped.Count == 1 ? "picture is" : "pictures are")} left out, the first: {data.Skipped[0]}";
        }

        if (network.NumClassEmbeds is { } classes && classes > data.ClassNames.Count)
        {
            yield return $"the network has {classes} classes and the data {data.ClassNames.Count} ({string.Join(", ", data.ClassNames.Take(5))}{(data.ClassNames.Count > 5 ? ", ..." : "")}): the others stay as they are";
        }

        if (network.NumClassEmbeds is null && data.ClassNames.Count > 1)
        {
            yield return $"the network has no classes (num_class_embeds is null): the {data.ClassNames.Count} classes of the data are not used";
        }
    }
}
