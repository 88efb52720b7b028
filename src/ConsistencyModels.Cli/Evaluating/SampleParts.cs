using System.Globalization;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Evaluation.References;
using ConsistencyModels.Files;
using ConsistencyModels.Training.Parallel;

namespace ConsistencyModels.Cli.Evaluating;

/// <summary>
/// Many samples on their way into one .npz: parts in a folder beside it, so that a command that was stopped goes on and several processes
/// share the work; at the end one process puts them together. A picture depends on its seed alone: the file has the same bytes whoever drew which part.
/// </summary>
/// <param name="pictures">What is drawn.</param>
/// <param name="file">The file to write.</param>
/// <param name="processes">The processes that share the work.</param>
internal sealed class SampleParts(ModelPictures pictures, string file, ICollective processes)
{
    /// <summary>Pictures in a part.</summary>
    public const int Size = 1000;

    private const string Key = "key";
    private const string Pixels = "pixels";
    private const string Labels = "labels";

    private readonly string _folder = file + ".parts";

    /// <summary>Draws what is not there yet, and puts all of it together.</summary>
    /// <param name="report">Told how far it is.</param>
    /// <param name="cancellation">Ends it; whole parts stay.</param>
    /// <returns>How many pictures were there already, of those of this process.</returns>
    /// <exception cref="ConsistencyModelsException">A file cannot be written.</exception>
    public int Write(Action<double, string> report, CancellationToken cancellation)
    {
        int[] starts = [.. Enumerable.Range(0, (pictures.Count + Size - 1) / Size).Select(i => i * Size)];
        int[] mine = [.. starts.Where((_, i) => i % processes.Count == processes.Rank)];
        var (done, found, total) = (0, 0, mine.Sum(Length));
        foreach (var first in mine)
        {
            using var there = Open(first);
            if (there is null)
            {
                OutputFolder.Make(_folder);
                Draw(first, drawn => report((double)(done + drawn) / total, $"{done + drawn} of {total}"), cancellation);
            }
            else
            {
                found += Length(first);
            }

            done += Length(first);
        }

        // Every process is here once all parts are written.
        processes.Sum(new float[1]);
        if (processes.Rank == 0)
        {
            Join(starts);
            Clear();
        }

        return found;
    }

    private int Length(int first) => Math.Min(Size, pictures.Count - first);

    private string PathOf(int first) => Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{first:D8}.safetensors"));

    private void Draw(int first, Action<int> report, CancellationToken cancellation)
    {
        var count = Length(first);
        using var bytes = new MemoryStream();
        var labels = new byte[pictures.HasClasses ? count * sizeof(long) : 0];
        var drawn = 0;
        foreach (var image in pictures.Draw(first, count, cancellation))
        {
            bytes.Write(image.Image.Pixels);
            if (labels.Length > 0)
            {
                BitConverter.TryWriteBytes(labels.AsSpan(drawn * sizeof(long)), (long)image.ClassLabel!.Value);
            }

            report(++drawn);
        }

        List<TensorToWrite> tensors = [TensorToWrite.FromBytes(Pixels, TensorDType.U8, [count, pictures.Side, pictures.Side, pictures.Channels], bytes.ToArray())];
        if (labels.Length > 0)
        {
            tensors.Add(TensorToWrite.FromBytes(Labels, TensorDType.I64, [count], labels));
        }

        SafetensorsWriter.Write(PathOf(first), tensors, new Dictionary<string, string> { [Key] = pictures.Identity });
    }

    // Null if it is not there, damaged, or of something else: then it is made (again).
    private SafetensorsFile? Open(int first)
    {
        if (!File.Exists(PathOf(first)))
        {
            return null;
        }

        SafetensorsFile? part = null;
        try
        {
            part = SafetensorsFile.Open(PathOf(first));
            if (part.Metadata.GetValueOrDefault(Key) == pictures.Identity
                && Has(part, Pixels, TensorDType.U8, (long)Length(first) * pictures.Side * pictures.Side * pictures.Channels)
                && (!pictures.HasClasses || Has(part, Labels, TensorDType.I64, Length(first))))
            {
                return part;
            }
        }
        catch (CheckpointException)
        {
        }

        part?.Dispose();
        return null;
    }

    private static bool Has(SafetensorsFile part, string name, TensorDType type, long count) =>
        part.Tensors.TryGetValue(name, out var info) && info.DType == type && info.ElementCount == count;

    private void Join(int[] starts) => NpzFile.Write(file, npz =>
    {
        npz.Add("arr_0", "|u1", [pictures.Count, pictures.Side, pictures.Side, pictures.Channels], stream => Copy(Pixels, stream));
        if (pictures.HasClasses)
        {
            npz.Add("arr_1", "<i8", [pictures.Count], stream => Copy(Labels, stream));
        }

        void Copy(string name, Stream stream)
        {
            foreach (var first in starts)
            {
                using var part = Open(first)
                    ?? throw new ConsistencyModelsException($"{PathOf(first)}: is not there though a process has made it; expected a folder that all processes see");
                stream.Write(part.Bytes(name));
            }
        }
    });

    // Those of a command for more pictures too.
    private void Clear()
    {
        try
        {
            if (!Directory.Exists(_folder))
            {
                return;
            }

            foreach (var part in Directory.EnumerateFiles(_folder, "????????.safetensors"))
            {
                File.Delete(part);
            }

            if (!Directory.EnumerateFileSystemEntries(_folder).Any())
            {
                Directory.Delete(_folder);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The samples are written: what is left over is no reason to fail.
        }
    }
}
