using ConsistencyModels.Models;
using ConsistencyModels.Onnx;

namespace Snippets;

/// <summary>docs/export.md</summary>
internal static class Exporting
{
    public static void Run()
    {
        using var model = ModelReader.Open("models/crawl-tiles-32");
        OnnxExporter.Export(model, "f.onnx", new OnnxExportOptions { Function = OnnxFunction.Consistency });
    }
}
