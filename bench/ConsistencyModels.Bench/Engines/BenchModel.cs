using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Onnx;

namespace ConsistencyModels.Bench.Engines;

/// <summary>A model on disk in the forms that contenders read: a folder, and an ONNX file. Removed when disposed.</summary>
internal sealed class BenchModel : IDisposable
{
    /// <summary>The name of the model in the repository.</summary>
    public const string Bundled = "tiles";

    private const string OnnxName = "network.onnx";

    private readonly string _temporary = Directory.CreateTempSubdirectory("cm-bench-").FullName;

    public BenchModel(string name, bool onnx)
    {
        Name = name;
        if (name == Bundled)
        {
            Folder = Repository.Path("models", "crawl-tiles-32");
        }
        else
        {
            // The preset and the code of cm new.
            Folder = Path.Combine(_temporary, name);
            ModelWriter.Write(FreshModel.Of(NetworkPresets.Load(name)), Folder);
        }

        using var model = ModelReader.Open(Folder);
        Network = UNet2DDescription.Of(model.Config);
        if (onnx)
        {
            OnnxExporter.Export(model, OnnxFile(_temporary));
        }
    }

    public string Name { get; }

    /// <summary>Its pipeline's folder.</summary>
    public string Folder { get; }

    /// <summary>Where its ONNX file is.</summary>
    public string OnnxFolder => _temporary;

    public UNet2DDescription Network { get; }

    public ImageSize Size => Network.Config.SampleSize!.Value;

    /// <summary>Batches that fit into the memory of a small machine and the patience of a person.</summary>
    public IReadOnlyList<int> Batches => Size.Height > 64 ? [1] : [1, 4, 16];

    /// <summary>Bytes of the weights as float32.</summary>
    public long WeightBytes => Network.ParameterCount * sizeof(float);

    public static string OnnxFile(string folder) => Path.Combine(folder, OnnxName);

    public void Dispose() => Directory.Delete(_temporary, recursive: true);
}
