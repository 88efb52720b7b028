using Parquet;
using Parquet.Schema;

namespace ConsistencyModels.Data.Tests.Formats;

/// <summary>Writes files as Hugging Face's <c>datasets</c> does, with another library than the one that reads them.</summary>
internal static class ParquetFiles
{
    public const string Features =
        """{"info": {"features": {"image": {"_type": "Image"}, "label": {"names": ["cat", "dog", "owl"], "_type": "ClassLabel"}}}}""";

    /// <summary>A column <c>image</c> of structures of bytes and path, and one of labels; <paramref name="perGroup"/> rows a row group.</summary>
    public static async Task Write(
        string path, byte[]?[] images, long[]? labels, ParquetOptions? options = null, int perGroup = 3, string? features = Features, string image = "image", string label = "label")
    {
        DataField<byte[]> bytes = new("bytes", true);
        DataField<string> name = new("path", true);
        DataField<long> number = new(label, true);
        ParquetSchema schema = labels is null ? new(new StructField(image, bytes, name)) : new(new StructField(image, bytes, name), number);
        await using FileStream stream = File.Create(path);
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(schema, stream, options ?? new(), false, TestContext.Current.CancellationToken);
        if (features is not null)
        {
            writer.CustomMetadata = new Dictionary<string, string> { ["huggingface"] = features };
        }

        for (int first = 0; first < images.Length; first += perGroup)
        {
            int end = Math.Min(images.Length, first + perGroup);
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            await group.WriteAsync(schema.DataFields[0], (IReadOnlyCollection<byte[]>)(byte[][])[.. images[first..end]!]);
            await group.WriteAsync(schema.DataFields[1], (IReadOnlyCollection<string>)(string[])[.. Enumerable.Range(first, end - first).Select(i => $"{i}.png")]);
            if (labels is not null)
            {
                await group.WriteAsync<long>(schema.DataFields[2], (long?[])[.. labels[first..end].Select(value => (long?)value)]);
            }
        }
    }
}
