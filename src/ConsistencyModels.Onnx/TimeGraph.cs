using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Onnx;

/// <summary>Timesteps and class labels to the activated embedding that every residual block projects.</summary>
internal static class TimeGraph
{
    private const double LongestPeriod = 10_000;

    /// <summary>Adds the nodes.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="config">The network.</param>
    /// <param name="timestep">[1] or [batch] float32.</param>
    /// <param name="labels">[batch] int64, or null.</param>
    /// <param name="dtype">Precision of the embedding; the angles are float32.</param>
    /// <returns>[1] or [batch] rows of the embedding's width.</returns>
    public static string Add(GraphBuilder graph, UNet2DConfig config, string timestep, string? labels, TensorDType dtype)
    {
        graph.Scope = "time_proj";
        var fourier = config.TimeEmbeddingType == "fourier";
        var column = graph.Reshape(timestep, -1, 1);
        var features = fourier ? Fourier(graph, config, column) : Sinusoids(graph, config, column);
        if (dtype != TensorDType.F32)
        {
            features = graph.Cast(features, dtype);
        }

        graph.Scope = "time_embedding";
        var first = config.BlockOutChannels[0];
        var width = config.TimeEmbeddingWidth;
        var hidden = graph.SiLU(graph.Linear("time_embedding.linear_1", features, fourier ? 2 * first : first, width, dtype));
        var embedding = graph.Linear("time_embedding.linear_2", hidden, width, width, dtype);
        if (config.NumClassEmbeds is { } classes)
        {
            graph.Scope = "class_embedding";
            embedding = graph.Plus(embedding, graph.Add("Gather", [graph.Weights(["class_embedding.weight"], [classes, width], dtype), labels!]));
        }

        return graph.SiLU(embedding);
    }

    private static string Sinusoids(GraphBuilder graph, UNet2DConfig config, string timestep)
    {
        var channels = config.BlockOutChannels[0];
        var half = channels / 2;
        // The exponent is a float32 in the reference, and at large timesteps its last bit can be seen.
        var step = (float)(-Math.Log(LongestPeriod) / (half - config.FreqShift));
        float[] frequencies = [.. Enumerable.Range(0, half).Select(i => MathF.Exp(i * step))];
        var angles = graph.Times(timestep, graph.Numbers("time_proj.frequencies", [1, half], frequencies));
        var (sine, cosine) = (graph.Add("Sin", [angles]), graph.Add("Cos", [angles]));
        var features = graph.Add("Concat", config.FlipSinToCos ? [cosine, sine] : [sine, cosine], ("axis", 1L));
        return channels % 2 == 0 ? features : graph.Add("Pad", [features, graph.Integers(0, 0, 0, 1)]);
    }

    private static string Fourier(GraphBuilder graph, UNet2DConfig config, string timestep)
    {
        var frequencies = graph.Weights(["time_proj.weight"], [1, config.BlockOutChannels[0]], TensorDType.F32);
        var turns = graph.Times(graph.Add("Log", [timestep]), frequencies);
        var angles = graph.Times(turns, graph.Scalar(2 * Math.PI));
        return graph.Add("Concat", [graph.Add("Sin", [angles]), graph.Add("Cos", [angles])], ("axis", 1L));
    }
}
