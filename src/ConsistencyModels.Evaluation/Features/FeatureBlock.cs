using ConsistencyModels.Checkpoints;
using ConsistencyModels.Evaluation.Metrics;
using ConsistencyModels.Files;

namespace ConsistencyModels.Evaluation.Features;

/// <summary>Features of some neighbours in a file of their own, so that an evaluation that was stopped goes on where it was.</summary>
internal sealed class FeatureBlock
{
    private const string KeyName = "key";

    private FeatureBlock(float[] features, float[] spatial, float[] logits) => (Features, Spatial, Logits) = (features, spatial, logits);

    public float[] Features { get; }

    public float[] Spatial { get; }

    public float[] Logits { get; }

    public static FeatureBlock Empty(int count, BlockLengths lengths) =>
        new(new float[checked(count * lengths.Features)], new float[checked(count * lengths.Spatial)], new float[checked(count * lengths.Logits)]);

    /// <summary>Where a block lies.</summary>
    public static string PathOf(string folder, int first) => Path.Combine(folder, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{first:D8}.safetensors"));

    /// <summary>Reads a block; null if it is not there, or of something else.</summary>
    public static FeatureBlock? Read(string folder, int first, int count, BlockLengths lengths, string key)
    {
        var path = PathOf(folder, first);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            using var file = SafetensorsFile.Open(path);
            var block = Empty(count, lengths);
            if (file.Metadata.GetValueOrDefault(KeyName) != key || block.Tensors().Any(tensor => !file.Tensors.TryGetValue(tensor.Name, out var info) || info.ElementCount != tensor.Values.Length))
            {
                return null;
            }

            foreach (var (name, values) in block.Tensors())
            {
                file.CopyTo(name, values);
            }

            return block;
        }
        catch (CheckpointException)
        {
            // Damaged: it is made again.
            return null;
        }
    }

    /// <summary>Writes a block.</summary>
    public void Write(string folder, int first, int count, string key) => SafetensorsWriter.Write(
        PathOf(folder, first),
        [.. Tensors().Select(tensor => TensorToWrite.FromFloats(tensor.Name, [count, tensor.Values.Length / count], tensor.Values))],
        new Dictionary<string, string> { [KeyName] = key });

    private IEnumerable<(string Name, float[] Values)> Tensors() =>
        ((string Name, float[] Values)[])[("features", Features), ("spatial", Spatial), ("logits", Logits)] is var all ? all.Where(tensor => tensor.Values.Length > 0) : [];

    /// <summary>Blocks as matrices.</summary>
    public static ExtractedFeatures Join(IReadOnlyList<FeatureBlock> blocks, BlockLengths lengths)
    {
        FeatureMatrix? Matrix(Func<FeatureBlock, float[]> part, int length)
        {
            if (length == 0)
            {
                return null;
            }

            var all = new float[checked((int)blocks.Sum(block => (long)part(block).Length))];
            var at = 0;
            foreach (var block in blocks)
            {
                part(block).CopyTo(all, at);
                at += part(block).Length;
            }

            return new(all, length);
        }

        return new(Matrix(block => block.Features, lengths.Features)!, Matrix(block => block.Spatial, lengths.Spatial), Matrix(block => block.Logits, lengths.Logits));
    }
}

/// <summary>Numbers that an extractor gives for an image.</summary>
internal readonly record struct BlockLengths(int Features, int Spatial, int Logits);
