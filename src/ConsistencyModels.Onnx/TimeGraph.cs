using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Onnx;

/// <summary>Timesteps to their embedding.</summary>
internal static class TimeGraph
{
    /// <summary>Adds the nodes.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="embedding">The operation.</param>
    /// <param name="timesteps">[1] or [batch] float32.</param>
    /// <param name="dtype">Precision of the embedding; the angles are float32.</param>
    /// <returns>[1] or [batch] rows of the embedding's width.</returns>
    public static string Add(GraphBuilder graph, TimeEmbeddingOperation embedding, string timesteps, TensorDType dtype)
    {
        graph.Scope = "time_proj";
        var column = graph.Reshape(timesteps, -1, 1);
        var features = embedding.Fourier is { } fourier ? Fourier(graph, fourier, column) : Sinusoids(graph, embedding, column);
        if (dtype != TensorDType.F32)
        {
            features = graph.Cast(features, dtype);
        }

        graph.Scope = embedding.Name;
        var hidden = graph.SiLU(graph.Linear(embedding.First, features, dtype));
        return graph.Linear(embedding.Second, hidden, dtype);
    }

    private static string Sinusoids(GraphBuilder graph, TimeEmbeddingOperation embedding, string timesteps)
    {
        var count = embedding.Frequencies.Count;
        var angles = graph.Times(timesteps, graph.Numbers("time_proj.frequencies", [1, count], [.. embedding.Frequencies]));
        var (sine, cosine) = (graph.Add("Sin", [angles]), graph.Add("Cos", [angles]));
        var features = graph.Add("Concat", embedding.CosinesFirst ? [cosine, sine] : [sine, cosine], ("axis", 1L));
        return embedding.First.Inputs == 2 * count ? features : graph.Add("Pad", [features, graph.Integers(0, 0, 0, 1)]);
    }

    private static string Fourier(GraphBuilder graph, FrequencyLayer layer, string timesteps)
    {
        var frequencies = graph.Weights([layer.Weight], [1, layer.Count], TensorDType.F32);
        var turns = graph.Times(graph.Add("Log", [timesteps]), frequencies);
        var angles = graph.Times(turns, graph.Scalar(2 * Math.PI));
        return graph.Add("Concat", [graph.Add("Sin", [angles]), graph.Add("Cos", [angles])], ("axis", 1L));
    }
}
