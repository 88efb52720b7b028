using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;
using ConsistencyModels.Onnx;
using ConsistencyModels.Schedulers;
using ConsistencyModels.Shared;

namespace ConsistencyModels.Golden.Tests;

/// <summary>Exports a network and runs the file in ONNX Runtime: whatever holds for the engines holds for what is exported.</summary>
internal sealed class OnnxEngine : INetworkEngine
{
    public string Name => "onnx";

    public bool CanRun(EngineOptions options) => true;

    public IUNet Load(UNet2DConfig config, ITensorSource weights, EngineOptions options, CancellationToken cancellationToken = default)
    {
        var folder = Directory.CreateTempSubdirectory("cm-onnx-").FullName;
        try
        {
            var path = Path.Combine(folder, "network.onnx");
            OnnxExporter.Export(config, new CMStochasticIterativeSchedulerConfig(), weights, path);
            return new OnnxUNet(path, config);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
