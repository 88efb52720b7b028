using System.Text;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;
using ConsistencyModels.Models.ParameterNaming;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Models;

/// <summary>Saves models: as a folder that diffusers loads, a safetensors file, or a torch file. The weights are streamed, one tensor at a time.</summary>
public static class ModelWriter
{
    private const long LargestSmallFile = 16 << 20;

    /// <summary>Writes a model. What is there is replaced, and stays as it is until the new weights are on disk.</summary>
    /// <param name="model">The model; one that was read from <paramref name="path"/> may be written there again where the system allows replacing open files.</param>
    /// <param name="path">
    /// A name ending in .pt, .pth, .ckpt or .bin becomes a torch file, one in .safetensors a safetensors file, whose folder must exist; any
    /// other, and every one that ends in a separator, is a folder in diffusers' layout, made if needed.
    /// </param>
    /// <param name="options">Precision, names and sizes; null for the defaults.</param>
    /// <param name="progress">Receives the part that is written, 0 to 1, after every tensor.</param>
    /// <param name="cancellationToken">Observed between tensors; nothing is changed then.</param>
    /// <returns>The tensors that were written.</returns>
    /// <exception cref="ConsistencyModelsException">The weights are missing, damaged, not the network's or too large for the precision, openai's code has no such network, or a file cannot be written.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The model was made of parts without weights.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static IReadOnlyList<TensorInfo> Write(
        Model model, string path, ModelWriteOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new ModelWriteOptions();
        using var weights = model.OpenWeights();
        var torch = ModelLayout.IsTorch(path);
        var single = torch || ModelLayout.IsSafetensors(path);
        if (!single && options.Naming == TensorNaming.OpenAi)
        {
            throw new ConsistencyModelsException($"{path}: a folder has diffusers' names, expected a .pt or .safetensors file for openai's");
        }

        NarrowRange.ThrowIfExceeded(weights, weights.Tensors.Keys, options.DType ?? TensorDType.F32);

        // A torch file asks for every tensor twice, the first time for its checksum.
        var naming = options.Naming ?? (torch ? TensorNaming.OpenAi : TensorNaming.Diffusers);
        var tensors = Watched(Tensors(weights, model.Config, naming, options.DType), torch ? 2 : 1, progress, cancellationToken);
        if (torch)
        {
            TorchFileWriter.Write(path, tensors);
        }
        else if (single)
        {
            SafetensorsWriter.Write(path, tensors);
        }
        else
        {
            WriteFolder(model, path, tensors, weights.Metadata, options);
        }

        return [.. tensors.Select(tensor => tensor.Info)];
    }

    private static IReadOnlyList<TensorToWrite> Tensors(ITensorSource weights, UNet2DConfig config, TensorNaming naming, TensorDType? dtype) =>
        naming == TensorNaming.OpenAi
            ? OpenAiWeights.FromDiffusers(weights, config, dtype)
            : [.. UNet2DDescription.Of(config).Parameters.Select(p => TensorToWrite.FromSource(weights, p.Name, dtype))];

    private static TensorToWrite[] Watched(IReadOnlyList<TensorToWrite> tensors, int passes, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        var (done, total) = (0L, passes * tensors.Sum(tensor => tensor.ByteCount));
        return [.. tensors.Select(tensor => new TensorToWrite(tensor.Info, stream =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            tensor.Write(stream);
            done += tensor.ByteCount;
            progress?.Report((double)done / total);
        }))];
    }

    private static void WriteFolder(
        Model model, string folder, TensorToWrite[] tensors, IReadOnlyDictionary<string, string> metadata, ModelWriteOptions options)
    {
        var unet = Path.Combine(folder, ModelLayout.UNet);
        using var made = new MadeFolders(unet, Path.Combine(folder, ModelLayout.Scheduler));
        using var prepared = WeightWriter.Prepare(unet, tensors, options.Variant, options.MaxShardSize, metadata);

        // In the order in which they make the folder a model: one without a network's configuration is none.
        (string Path, string Text)[] files =
        [
            (ModelLayout.SchedulerConfigIn(folder), SchedulerFile.ToJson(model.Kind, model.Scheduler)),
            (ModelLayout.NetworkConfigIn(folder), model.Config.ToJson()),
            (Path.Combine(folder, ModelLayout.Index), model.Index.ToJson()),
        ];
        var old = files.Select(file => Read(file.Path)).ToArray();
        if (files.Zip(old).All(pair => pair.First.Text == pair.Second))
        {
            prepared.Replace();
        }
        else
        {
            ReplaceWithSettings(prepared, files, old);
        }

        made.Keep();
        prepared.Tidy();
    }

    // Old settings must not be taken for those of new weights, nor the other way round: for the moment in between, in which files are
    // renamed and nothing is written, the folder is not a model.
    private static void ReplaceWithSettings(PreparedWeights weights, (string Path, string Text)[] files, string?[] old)
    {
        var prepared = new List<PreparedFile>();
        var replaced = false;
        try
        {
            foreach (var (path, text) in files)
            {
                prepared.Add(AtomicFile.Prepare(path, stream => stream.Write(Encoding.UTF8.GetBytes(text))));
            }

            Delete(files[2].Path);
            Delete(files[1].Path);
            weights.Replace();
            replaced = true;
            foreach (var (file, (path, _)) in prepared.Zip(files))
            {
                file.MoveTo(path);
            }
        }
        catch when (!replaced)
        {
            Restore(files.Zip(old, (file, text) => (file.Path, text)));
            throw;
        }
        finally
        {
            prepared.ForEach(file => file.Dispose());
        }
    }

    // The text of a small file, or null if there is none that could be put back.
    private static string? Read(string path)
    {
        try
        {
            return File.Exists(path) && LinkEnd.InfoOf(path).Length <= LargestSmallFile ? File.ReadAllText(path) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void Restore(IEnumerable<(string Path, string? Text)> files)
    {
        foreach (var (path, text) in files)
        {
            if (text is not null && !File.Exists(path))
            {
                try
                {
                    AtomicFile.WriteAllText(path, text);
                }
                catch (ConsistencyModelsException)
                {
                    // The first failure is the one to report.
                }
            }
        }
    }

    private static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{path}: cannot be replaced: {Printable.Line(e.Message)}", e);
        }
    }

    /// <summary>Folders that were made for a model, removed again if nothing came into them.</summary>
    private sealed class MadeFolders : IDisposable
    {
        private readonly Stack<string> _made = [];

        public MadeFolders(params ReadOnlySpan<string> folders)
        {
            try
            {
                foreach (var folder in folders)
                {
                    Make(Path.GetFullPath(folder));
                }
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        public void Keep() => _made.Clear();

        public void Dispose()
        {
            foreach (var folder in _made)
            {
                try
                {
                    Directory.Delete(folder);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    // Somebody put something into it, or took it away.
                }
            }
        }

        private void Make(string folder)
        {
            if (Directory.Exists(folder))
            {
                return;
            }

            if (Path.GetDirectoryName(folder) is { } parent)
            {
                Make(parent);
            }

            try
            {
                Directory.CreateDirectory(folder);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new ConsistencyModelsException($"{folder}: cannot be made: {Printable.Line(e.Message)}", e);
            }

            _made.Push(folder);
        }
    }
}

/// <summary>How a model is written by <see cref="ModelWriter"/>.</summary>
public sealed record ModelWriteOptions
{
    /// <summary>F32, F16 or BF16 to convert the weights; null keeps what they are.</summary>
    public TensorDType? DType { get; init; }

    /// <summary>The most bytes of weights in one file of a folder, from 1 up; larger weights are sharded, with an index.</summary>
    public long MaxShardSize { get; init; } = WeightWriter.DefaultShardSize;

    /// <summary>A variant for the names of a folder's weights, such as "fp16"; null for the plain names.</summary>
    public string? Variant { get; init; }

    /// <summary>The names in a single file; null means openai's in a torch file and diffusers' in a safetensors file. A folder has diffusers'.</summary>
    public TensorNaming? Naming { get; init; }
}
