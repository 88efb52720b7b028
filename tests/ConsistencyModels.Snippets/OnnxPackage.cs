using ConsistencyModels.Models;
using ConsistencyModels.Onnx;

namespace Snippets;

/// <summary>src/ConsistencyModels.Onnx/README.md</summary>
internal static class OnnxPackage
{
    public static void Run()
    {
        using var model = ModelReader.Open("path/to/diffusers-cd_imagenet64_l2");
        OnnxExporter.Export(model, "model.onnx", new OnnxExportOptions { Function = OnnxFunction.Consistency });
    }
}
