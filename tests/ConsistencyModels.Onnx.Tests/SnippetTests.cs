using ConsistencyModels.Models;
using ConsistencyModels.Pipelines;
using Microsoft.ML.OnnxRuntime;

namespace ConsistencyModels.Onnx.Tests;

/// <summary>The program in docs/export.md.</summary>
public sealed class SnippetTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_snippet_draws_the_picture_that_the_pipeline_draws()
    {
        var path = RepositoryFiles.Model("crawl-tiles-32");
        using (var model = ModelReader.Open(path))
        {
            OnnxExporter.Export(model, _folder.File("f.onnx"), new OnnxExportOptions { Function = OnnxFunction.Consistency }, TestContext.Current.CancellationToken);
        }

        using var session = new InferenceSession(_folder.File("f.onnx"));
        var x = new float[3 * 32 * 32];
        new ConsistencyModels.Noise.TorchGenerator(1).Randn(x);
        for (var i = 0; i < x.Length; i++)
        {
            x[i] *= 80;
        }

        using var noise = OrtValue.CreateTensorValueFromMemory(x, [1, 3, 32, 32]);
        using var sigma = OrtValue.CreateTensorValueFromMemory(new[] { 80f }, [1]);
        using var labels = OrtValue.CreateTensorValueFromMemory(new[] { 3L }, [1]);
        var inputs = new Dictionary<string, OrtValue> { ["x"] = noise, ["sigma"] = sigma, ["class_labels"] = labels };
        using var result = session.Run(new RunOptions(), inputs, ["denoised"]);
        var pixels = result[0].GetTensorDataAsSpan<float>();

        using var pipeline = ConsistencyModelPipeline.FromPretrained(path);
        var expected = pipeline.Generate(new() { Seed = 1, ClassLabels = [3], OutputType = OutputType.Raw }, TestContext.Current.CancellationToken).Values;
        Assert.InRange(expected.Zip(pixels.ToArray(), (a, b) => MathF.Abs(a - b)).Max(), 0, 1e-4);
    }
}
