using System.Globalization;
using ConsistencyModels.Files;
using ConsistencyModels.Onnx.Schema;
using Google.Protobuf;

namespace ConsistencyModels.Onnx;

/// <summary>Writes a model, with its weights inside or in a second file.</summary>
internal static class OnnxFile
{
    // Smaller constants stay in the model: shapes among them must be known when a runtime plans the graph.
    private const long SmallestExternal = 1024;

    // Windows maps files at multiples of 64 KiB; for small tensors that would be more air than weights.
    private const long LargeTensor = 1 << 20;
    private const long LargeAlignment = 1 << 16;
    private const long SmallAlignment = 64;

    /// <summary>Writes both files so that none is ever there half.</summary>
    /// <param name="path">The model's file.</param>
    /// <param name="model">The model, without its initializers.</param>
    /// <param name="initializers">Its constants and weights.</param>
    /// <param name="largestSingleFile">Most bytes of them that are kept inside.</param>
    /// <returns>Bytes written to both.</returns>
    public static long Write(string path, ModelProto model, IReadOnlyCollection<Initializer> initializers, long largestSingleFile)
    {
        var data = path + OnnxExporter.DataEnding;
        if (initializers.Sum(initializer => initializer.ByteCount) <= largestSingleFile)
        {
            model.Graph.Initializer.AddRange(initializers.Select(Inside));
            AtomicFile.Write(path, model.WriteTo);
            File.Delete(data); // of a larger model that had this name
            return new FileInfo(path).Length;
        }

        var (external, placed) = Place(model, initializers, Path.GetFileName(data));
        var existed = File.Exists(path);
        try
        {
            // The model is complete on the disk before its data takes its name, so that only a rename is left to fail.
            AtomicFile.Write(path, stream =>
            {
                model.WriteTo(stream);
                stream.Flush();
                AtomicFile.Write(data, output => Fill(output, external, placed));
            });
        }
        catch when (!existed)
        {
            File.Delete(data);
            throw;
        }

        return new FileInfo(path).Length + new FileInfo(data).Length;
    }

    private static (List<Initializer> External, List<long> Offsets) Place(
        ModelProto model, IEnumerable<Initializer> initializers, string location)
    {
        List<Initializer> external = [];
        List<long> offsets = [];
        var end = 0L;
        foreach (var initializer in initializers)
        {
            if (initializer.ByteCount < SmallestExternal)
            {
                model.Graph.Initializer.Add(Inside(initializer));
                continue;
            }

            var alignment = initializer.ByteCount >= LargeTensor ? LargeAlignment : SmallAlignment;
            var offset = (end + alignment - 1) / alignment * alignment;
            end = offset + initializer.ByteCount;
            external.Add(initializer);
            offsets.Add(offset);
            var tensor = initializer.Describe();
            tensor.DataLocation = TensorProto.Types.DataLocation.External;
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location });
            tensor.ExternalData.Add(Number("offset", offset));
            tensor.ExternalData.Add(Number("length", initializer.ByteCount));
            model.Graph.Initializer.Add(tensor);
        }

        return (external, offsets);
    }

    private static void Fill(Stream output, List<Initializer> external, List<long> offsets)
    {
        for (var i = 0; i < external.Count; i++)
        {
            // A gap that was never written reads as zeros.
            output.Position = offsets[i];
            external[i].Write(output);
        }
    }

    private static TensorProto Inside(Initializer initializer)
    {
        var bytes = new byte[initializer.ByteCount];
        using var stream = new MemoryStream(bytes);
        initializer.Write(stream);
        var tensor = initializer.Describe();
        tensor.RawData = UnsafeByteOperations.UnsafeWrap(bytes);
        return tensor;
    }

    private static StringStringEntryProto Number(string key, long value) =>
        new() { Key = key, Value = value.ToString(CultureInfo.InvariantCulture) };
}
