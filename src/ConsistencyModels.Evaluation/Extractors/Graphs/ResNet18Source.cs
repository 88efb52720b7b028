using System.IO.Compression;
using ConsistencyModels.Files;
using ConsistencyModels.Onnx.Schema;
using Google.Protobuf;

namespace ConsistencyModels.Evaluation.Extractors.Graphs;

/// <summary>
/// ImageNet's ResNet-18 of the package Microsoft.ML.DnnImageFeaturizer.ResNet18 (MIT): its two files, the preparation (blue first, less a mean image)
/// and the network, become one with an open batch. No number of theirs is changed.
/// </summary>
internal sealed class ResNet18Source : IExtractorSource
{
    private const string Package = "Microsoft.ML.DnnImageFeaturizer.ResNet18";
    private const string Version = "0.23.1";
    private const string Folder = "tools/DnnImageModels";
    private const string Network = $"{Folder}/ResNet18Onnx/ResNet18.onnx";
    private const string Preparation = $"{Folder}/ResNetPrepOnnx/ResNetPreprocess.onnx";
    private const long LargestFile = 256 << 20;

    public string Name => "resnet18";

    public string HowToGet => $"build cm once with -p:Evaluation=true, or get the package {Package} {Version} as .nupkg";

    public string? FindWeights() =>
        RestoredPackages.Find(Environment.GetEnvironmentVariable, Package, Version) is { } folder
        && Path.Combine(folder, $"{Package.ToLowerInvariant()}.{Version}.nupkg") is var file && File.Exists(file) ? file : null;

    public ExtractorManifest Write(string weights, string path)
    {
        var (network, preparation) = Read(weights);
        Join(preparation, network).Save(path);
        return new()
        {
            Name = Name,
            Width = 224,
            Height = 224,
            Resize = ExtractorResize.Bicubic,
            Low = 0,
            High = 255,
            Features = network.Graph.Output[0].Name,
            Source = $"{Package} {Version}",
        };
    }

    /// <summary>Both graphs as one, the first one's output being the second one's input, with any number of images.</summary>
    internal static ModelProto Join(ModelProto first, ModelProto second)
    {
        // Only what is copied here goes on: notes about shapes in between speak of a batch of 1.
        var graph = new GraphProto { Name = second.Graph.Name };
        graph.Node.AddRange(first.Graph.Node);
        graph.Initializer.AddRange(first.Graph.Initializer);
        graph.Initializer.AddRange(second.Graph.Initializer);
        graph.Input.Add(OpenBatch(first.Graph.Input[0]));
        graph.Output.Add(OpenBatch(second.Graph.Output[0]));
        foreach (var node in second.Graph.Node)
        {
            for (var i = 0; i < node.Input.Count; i++)
            {
                node.Input[i] = node.Input[i] == second.Graph.Input[0].Name ? first.Graph.Output[0].Name : node.Input[i];
            }

            graph.Node.Add(node);
        }

        // From version 4 constants need not be among the inputs.
        var model = new ModelProto { IrVersion = 8, ProducerName = "ConsistencyModels", Graph = graph };
        model.OpsetImport.AddRange(second.OpsetImport);
        return model;
    }

    private static ValueInfoProto OpenBatch(ValueInfoProto value)
    {
        var open = value.Clone();
        open.Type.TensorType.Shape.Dim[0] = new() { DimParam = "batch" };
        return open;
    }

    private static (ModelProto Network, ModelProto Preparation) Read(string package)
    {
        try
        {
            using var archive = ZipFile.OpenRead(package);
            return (Read(archive, package, Network), Read(archive, package, Preparation));
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ConsistencyModelsException($"{package}: cannot be read as a package (a zip): {Printable.Line(e.Message)}", e);
        }
    }

    private static ModelProto Read(ZipArchive archive, string package, string name)
    {
        var entry = archive.GetEntry(name) ?? throw new ConsistencyModelsException($"{package}: has no {name}; expected the package {Package} {Version}");
        if (entry.Length > LargestFile)
        {
            throw new ConsistencyModelsException($"{package}/{name}: says it has {entry.Length} bytes; at most {LargestFile} are accepted");
        }

        var bytes = new byte[entry.Length];
        using var stream = entry.Open();
        stream.ReadExactly(bytes);
        try
        {
            var model = ModelProto.Parser.ParseFrom(bytes);
            return model.Graph is { Input.Count: 1, Output.Count: 1 } && model.Graph.Input[0].Type?.TensorType?.Shape?.Dim.Count == 4 ? model
                : throw new ConsistencyModelsException($"{package}/{name}: has another graph than expected: one input of 4 dimensions and one output");
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new ConsistencyModelsException($"{package}/{name}: is no ONNX file: {Printable.Line(e.Message)}", e);
        }
    }
}

/// <summary>Writes a model of the schema as a file.</summary>
internal static class ModelFiles
{
    /// <summary>Writes it so that it is never there half.</summary>
    public static void Save(this ModelProto model, string path) => AtomicFile.Write(path, model.WriteTo);
}
