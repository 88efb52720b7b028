using ConsistencyModels.Noise;
using Microsoft.ML.OnnxRuntime;

namespace Snippets;

/// <summary>docs/export.md</summary>
internal static class InOnnxRuntime
{
    public static void Run()
    {
        using var session = new InferenceSession("f.onnx");
        var x = new float[3 * 32 * 32];
        new TorchGenerator(1).Randn(x);                            // or any normal noise
        for (var i = 0; i < x.Length; i++) x[i] *= 80;             // sigma_max
        using var noise = OrtValue.CreateTensorValueFromMemory(x, [1, 3, 32, 32]);
        using var sigma = OrtValue.CreateTensorValueFromMemory(new[] { 80f }, [1]);
        using var labels = OrtValue.CreateTensorValueFromMemory(new[] { 3L }, [1]);
        var inputs = new Dictionary<string, OrtValue> { ["x"] = noise, ["sigma"] = sigma, ["class_labels"] = labels };
        using var result = session.Run(new RunOptions(), inputs, ["denoised"]);
        var pixels = result[0].GetTensorDataAsSpan<float>();       // [1, 3, 32, 32] in [-1, 1]
    }
}
