using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;
using ConsistencyModels.Networks;
using ConsistencyModels.Training.Steps;

namespace ConsistencyModels.Training.Runs;

/// <summary>Saves and restores a run's state: one safetensors file with the flat buffers, and what they belong to as metadata.</summary>
internal static class TrainingCheckpoint
{
    private const string ImagesKey = "images_seen";
    private const string StepsKey = "steps";
    private const string ScaleKey = "loss_scale";
    private const string GenerationKey = "generation";
    private const string ScheduleKey = "schedule_images";
    private const string UnloggedKey = "unlogged";
    private const string HashPrefix = "xxh128.";
    private const string LevelsName = "levels";
    private const string LearntName = "learnt.values";
    private const string LearntMomentsName = "learnt.moments";
    private const int Chunk = 1 << 20;

    /// <summary>Writes the state atomically.</summary>
    /// <param name="path">The file.</param>
    /// <param name="state">The state.</param>
    /// <param name="identity">What must be the same for the run to be resumed: network, objective, data, seed, batch.</param>
    public static void Save(string path, TrainingState state, IReadOnlyDictionary<string, string> identity)
    {
        var metadata = new Dictionary<string, string>(identity)
        {
            [ImagesKey] = state.ImagesSeen.ToString(CultureInfo.InvariantCulture),
            [StepsKey] = state.OptimizerSteps.ToString(CultureInfo.InvariantCulture),
            [ScaleKey] = string.Create(CultureInfo.InvariantCulture, $"{state.LossScale.Factor:R} {state.LossScale.GoodSteps}"),
        };
        metadata[GenerationKey] = state.Generation.ToString(CultureInfo.InvariantCulture);
        metadata[UnloggedKey] = string.Create(CultureInfo.InvariantCulture, $"{state.Unlogged.Sum:R} {state.Unlogged.Count} {state.Unlogged.Skipped}");
        metadata[ScheduleKey] = state.ScheduleImages.ToString(CultureInfo.InvariantCulture);
        foreach (var (name, buffer) in state.Buffers())
        {
            metadata[HashPrefix + name] = Hash(buffer.Length, (at, part) => buffer.Read(at, part));
        }

        foreach (var (name, values) in Arrays(state))
        {
            metadata[HashPrefix + name] = Hash(values.Length, (at, part) => values.AsSpan((int)at, part.Length).CopyTo(part));
        }

        SafetensorsWriter.Write(path, state.Buffers().Select(buffer => ParameterFiles.ToWrite(buffer.Name, buffer.Buffer)).Concat(Arrays(state).Select(Small)), metadata);
    }

    /// <summary>Restores the state; if it fails, the state is as it was.</summary>
    /// <exception cref="CheckpointException">The file is damaged.</exception>
    /// <exception cref="ConsistencyModelsException">It belongs to another run: says what differs.</exception>
    public static void Load(string path, TrainingState state, IReadOnlyDictionary<string, string> identity)
    {
        using var file = SafetensorsFile.Open(path);
        foreach (var (key, expected) in identity)
        {
            var found = file.Metadata.GetValueOrDefault(key);
            if (!RunIdentity.Agree(key, found, expected))
            {
                throw new ConsistencyModelsException(
                    $"{path}: this is a checkpoint of another run: {RunIdentity.Difference(key, found, expected)}; choose another run folder or the old settings");
            }
        }

        // What a level sampler has learnt grows with the run.
        var levels = file.Tensors.TryGetValue(LevelsName, out var info) ? new float[BoundedLength(file, info)] : [];
        IEnumerable<(string, IReadOnlyList<long>)> expectedTensors =
        [
            .. state.Buffers().Select(buffer => (buffer.Name, (IReadOnlyList<long>)[buffer.Buffer.Length])),
            .. Arrays(state).Where(array => array.Name != LevelsName).Select(array => (array.Name, (IReadOnlyList<long>)[array.Values.Length])),
        ];
        StrictTensors.Check(file, levels.Length > 0 ? expectedTensors.Append((LevelsName, [levels.Length])) : expectedTensors);
        Verify(file);
        var imagesSeen = Number(file, ImagesKey);
        var steps = Number(file, StepsKey);
        var scale = Scale(file);
        var generation = file.Metadata.ContainsKey(GenerationKey) ? Number(file, GenerationKey) : 0;
        var schedule = ScheduleImages(file);
        var unlogged = Unlogged(file);
        foreach (var (name, buffer) in state.Buffers())
        {
            Copy(file, name, buffer);
            file.Release(name);
        }

        foreach (var (name, values) in Arrays(state).Where(array => array.Name != LevelsName))
        {
            file.CopyTo(name, values);
        }

        if (levels.Length > 0)
        {
            file.CopyTo(LevelsName, levels);
            state.Objective.Levels.State = levels;
        }

        state.ImagesSeen = imagesSeen;
        state.OptimizerSteps = steps;
        state.Generation = (int)Math.Min(generation, int.MaxValue);

        state.Unlogged = unlogged;

        // A checkpoint of before does not say it.
        state.ScheduleImages = schedule ?? state.ScheduleImages;

        // Of another precision's run it says nothing about this one's.
        if (scale is { Factor: > 1 } stored && state.LossScale.Factor > 1)
        {
            state.LossScale = stored;
        }
    }

    /// <summary>The length that a run's schedules are spread over; null where the file does not say it.</summary>
    /// <exception cref="ConsistencyModelsException">The file is damaged.</exception>
    public static long? ScheduleImages(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return ScheduleImages(file);
    }

    private static long? ScheduleImages(SafetensorsFile file) => !file.Metadata.ContainsKey(ScheduleKey)
        ? null
        : Number(file, ScheduleKey) is > 0 and var images ? images : throw new CheckpointException($"{file.Origin}: {ScheduleKey} is 0, expected a whole number of at least 1");

    private static void Copy(SafetensorsFile file, string name, IParameterBuffer buffer)
    {
        var part = new float[(int)Math.Min(Chunk, buffer.Length)];
        for (long done = 0; done < buffer.Length; done += part.Length)
        {
            var values = part.AsSpan(0, (int)Math.Min(part.Length, buffer.Length - done));
            file.CopyTo(name, done, values);
            buffer.Write(done, values);
        }
    }

    // A flipped bit in a moment shows in no other way. Checkpoints of before have no hashes.
    private static void Verify(SafetensorsFile file)
    {
        foreach (var (name, info) in file.Tensors)
        {
            if (info.DType != TensorDType.F32)
            {
                throw new CheckpointException($"{file.Origin}: {name} is {info.DType}, expected F32");
            }

            if (file.Metadata.TryGetValue(HashPrefix + name, out var expected) && Hash(info.ElementCount, (at, part) => file.CopyTo(name, at, part)) != expected)
            {
                throw new CheckpointException($"{file.Origin}: {name} is damaged: its bytes are not those that were written");
            }
        }
    }

    private static string Hash(long length, PartReader read)
    {
        var hash = new XxHash128();
        var part = new float[(int)Math.Min(Chunk, Math.Max(1, length))];
        for (long done = 0; done < length; done += part.Length)
        {
            var values = part.AsSpan(0, (int)Math.Min(part.Length, length - done));
            read(done, values);
            hash.Append(MemoryMarshal.AsBytes(values));
        }

        return Convert.ToHexString(hash.GetCurrentHash());
    }

    private delegate void PartReader(long at, Span<float> part);

    private static IEnumerable<(string Name, float[] Values)> Arrays(TrainingState state)
    {
        if (state.Objective.Levels.State is { Length: > 0 } levels)
        {
            yield return (LevelsName, levels);
        }

        if (state.Objective.Weight.Learnt is { } learnt)
        {
            yield return (LearntName, learnt.Values);
            yield return (LearntMomentsName, state.LearntMoments);
        }
    }

    private static TensorToWrite Small((string Name, float[] Values) array) =>
        new(new TensorInfo(array.Name, TensorDType.F32, [array.Values.Length]), stream => stream.Write(MemoryMarshal.AsBytes(array.Values.AsSpan())));

    private static int BoundedLength(SafetensorsFile file, TensorInfo info) => info.ElementCount is > 0 and < 1 << 26
        ? (int)info.ElementCount
        : throw new CheckpointException($"{file.Origin}: {LevelsName} has {info.ElementCount} values, expected fewer than {1 << 26}");

    private static long Number(SafetensorsFile file, string key) =>
        file.Metadata.TryGetValue(key, out var text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new CheckpointException($"{file.Origin}: {key} is {text ?? "missing"}, expected a whole number");

    private static UnloggedLosses Unlogged(SafetensorsFile file)
    {
        if (!file.Metadata.TryGetValue(UnloggedKey, out var text))
        {
            return default;
        }

        var words = text.Split(' ');
        return words.Length == 3
            && double.TryParse(words[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var sum) && double.IsFinite(sum)
            && int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && int.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out var skipped)
                ? new(sum, count, skipped)
                : throw new CheckpointException($"{file.Origin}: {UnloggedKey} is \"{text}\", expected a sum of losses and two numbers of steps");
    }

    private static LossScale? Scale(SafetensorsFile file)
    {
        if (!file.Metadata.TryGetValue(ScaleKey, out var text))
        {
            return null;
        }

        var words = text.Split(' ');
        return words.Length == 2
            && double.TryParse(words[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var factor) && factor >= 1 && double.IsFinite(factor)
            && int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var good)
                ? new(factor, good)
                : throw new CheckpointException($"{file.Origin}: {ScaleKey} is \"{text}\", expected a factor and a number of steps");
    }
}
