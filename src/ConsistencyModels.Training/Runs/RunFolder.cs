using System.Globalization;
using ConsistencyModels.Files;
using ConsistencyModels.Training.Optimization;

namespace ConsistencyModels.Training.Runs;

/// <summary>The files of a run: <c>checkpoints/</c>, <c>samples/</c>, <c>model/</c> and <c>log.jsonl</c>.</summary>
public sealed class RunFolder
{
    private const string Prefix = "images-";
    private const string Extension = ".safetensors";
    private const string CheckpointsName = "checkpoints";

    /// <summary>Opens or creates the folder.</summary>
    /// <exception cref="ConsistencyModelsException">It cannot be created, or a file is in the way of the model.</exception>
    public RunFolder(string path)
    {
        Root = path;
        try
        {
            Directory.CreateDirectory(Checkpoints);
            Directory.CreateDirectory(Samples);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{path}: cannot be created: {e.Message.ReplaceLineEndings(" ")}", e);
        }

        if (File.Exists(Model))
        {
            throw new ConsistencyModelsException($"{Model}: this is a file, but the model of the run is saved in a folder of this name; choose another run folder");
        }
    }

    /// <summary>The folder itself.</summary>
    public string Root { get; }

    /// <summary>Where checkpoints are kept.</summary>
    public string Checkpoints => Path.Combine(Root, CheckpointsName);

    /// <summary>Where sample grids are kept.</summary>
    public string Samples => Path.Combine(Root, "samples");

    /// <summary>Where the averaged model is saved in diffusers' layout.</summary>
    public string Model => Path.Combine(Root, "model");

    /// <summary>Where the model of another average is saved.</summary>
    /// <param name="average">The average.</param>
    public string ModelOf(AverageOptions average) => $"{Model}-{average}";

    /// <summary>One JSON object per line: step, images, loss, speed.</summary>
    public string Log => Path.Combine(Root, "log.jsonl");

    /// <summary>The file of a checkpoint taken after that many images.</summary>
    public string Checkpoint(long images) => Path.Combine(Checkpoints, Name(images, Extension));

    /// <summary>The file of a sample grid taken after that many images.</summary>
    public string Sample(long images) => Path.Combine(Samples, Name(images, ".png"));

    /// <summary>All checkpoints, oldest first.</summary>
    public IReadOnlyList<string> CheckpointFiles() => CheckpointFiles(Checkpoints);

    /// <summary>
    /// The length in images that a run was to have when it began, over which its schedules are spread, told by its newest checkpoint that
    /// can be read; null where no run is there, or one of before that does not say it. Nothing is created.
    /// </summary>
    /// <param name="path">The run's folder.</param>
    public static long? BegunLength(string path)
    {
        var checkpoints = Path.Combine(path, CheckpointsName);
        foreach (var file in Directory.Exists(checkpoints) ? CheckpointFiles(checkpoints).Reverse() : [])
        {
            try
            {
                return TrainingCheckpoint.ScheduleImages(file);
            }
            catch (ConsistencyModelsException)
            {
                // The run itself says what is wrong with it.
            }
        }

        return null;
    }

    /// <summary>Deletes all but the newest checkpoints.</summary>
    public void Prune(int keep)
    {
        foreach (var old in CheckpointFiles().SkipLast(Math.Max(1, keep)))
        {
            OnFile(old, () => File.Delete(old));
        }
    }

    /// <summary>Makes the folder this process's until the result is disposed; the system frees it when the process dies.</summary>
    /// <exception cref="ConsistencyModelsException">Another trainer is at work here; nothing was touched.</exception>
    internal FileLock Lock()
    {
        var path = Path.Combine(Root, ".lock");
        try
        {
            return FileLock.TryAcquire(path)
                ?? throw new ConsistencyModelsException($"{Root}: another process is training in this folder; wait for it, stop it, or choose another folder");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{path}: cannot be written: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>Deletes what a killed process was writing.</summary>
    internal void RemoveLeftovers()
    {
        // Everything here was made by runs in this folder, which is locked.
        foreach (var leftover in Directory.EnumerateFiles(Root, ".*.tmp", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }).ToList())
        {
            OnFile(leftover, () => File.Delete(leftover));
        }
    }

    /// <summary>Renames the newest checkpoints, which cannot be read, so that they are no longer taken for checkpoints.</summary>
    internal void SetAside(int newest)
    {
        foreach (var path in CheckpointFiles().TakeLast(newest))
        {
            OnFile(path, () => File.Move(path, path + ".damaged", overwrite: true));
        }
    }

    private static string[] CheckpointFiles(string folder) => [.. Directory.EnumerateFiles(folder, Prefix + "*" + Extension).Order(StringComparer.Ordinal)];

    private static void OnFile(string path, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{path}: cannot be removed: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    // Fixed width, so that the order of names is the order of time.
    private static string Name(long images, string extension) =>
        Prefix + images.ToString("D12", CultureInfo.InvariantCulture) + extension;
}
