using ConsistencyModels.Networks;
using Microsoft.ML.OnnxRuntime;

namespace ConsistencyModels.Shared;

/// <summary>An exported network behind plain memory, run by ONNX Runtime.</summary>
internal sealed class OnnxUNet : IUNet
{
    private readonly InferenceSession _session;

    /// <summary>Opens a file of the bare network or of the consistency function.</summary>
    /// <param name="path">The file.</param>
    /// <param name="config">The network it was made of.</param>
    /// <param name="threads">Compute threads.</param>
    public OnnxUNet(string path, UNet2DConfig config, int threads = 1)
    {
        Config = config;
        using var options = new SessionOptions { IntraOpNumThreads = threads, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        _session = new InferenceSession(path, options);
        Inputs = _session.InputNames;
    }

    public UNet2DConfig Config { get; }

    public IReadOnlyList<string> Inputs { get; }

    public IReadOnlyList<string> Outputs => _session.OutputNames;

    public void Forward(
        ReadOnlySpan<float> sample,
        ImageShape shape,
        ReadOnlySpan<float> timesteps,
        ReadOnlySpan<int> classLabels,
        Span<float> output,
        CancellationToken cancellationToken = default)
    {
        ForwardArguments.ThrowIfInvalid(Config, sample.Length, shape, timesteps.Length, classLabels, output.Length);
        cancellationToken.ThrowIfCancellationRequested();
        using var x = OrtValue.CreateTensorValueFromMemory(sample.ToArray(), [shape.Batch, shape.Channels, shape.Height, shape.Width]);
        using var t = OrtValue.CreateTensorValueFromMemory(timesteps.ToArray(), [timesteps.Length]);
        long[] labels = [.. classLabels.ToArray().Select(label => (long)label)];
        using var classes = OrtValue.CreateTensorValueFromMemory(labels, [labels.Length]);
        OrtValue[] values = Inputs.Count == 3 ? [x, t, classes] : [x, t];
        using var run = new RunOptions();
        using var results = _session.Run(run, Inputs, values, Outputs);
        results[0].GetTensorDataAsSpan<float>().CopyTo(output);
    }

    public void Dispose() => _session.Dispose();
}
