using ConsistencyModels.Denoising;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Onnx;

/// <summary>The boundary scalings around a network, all in float32.</summary>
internal static class ConsistencyGraph
{
    // ln(1e-44): what ln(σ + 1e-44) of the references comes to at σ = 0. Above 1e-37 the addition changes no float32, and
    // a runtime that flushes the denormal to zero would have -infinity in its place.
    private static readonly float LogarithmAtZero = MathF.Log((float)KarrasSigmas.LevelOffset);

    /// <summary>Adds the nodes.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="scheduler">σ_min, σ_data and whether x₀ is clipped.</param>
    /// <param name="x">[batch, C, H, W].</param>
    /// <param name="sigma">[1] or [batch].</param>
    /// <param name="network">From a scaled sample and timesteps to the network's output.</param>
    /// <returns>The denoised images.</returns>
    public static string Add(
        GraphBuilder graph, CMStochasticIterativeSchedulerConfig scheduler, string x, string sigma, Func<string, string, string> network)
    {
        var scalings = Preconditioning.Consistency(scheduler.SigmaData, scheduler.SigmaMin);
        var variance = graph.Scalar(scalings.SigmaData * scalings.SigmaData);
        graph.Scope = "scalings";
        var level = graph.Reshape(sigma, -1, 1, 1, 1);
        var norm = graph.Add("Sqrt", [graph.Plus(graph.Times(level, level), variance)]);
        var logarithm = graph.Add("Max", [graph.Add("Log", [sigma]), graph.Scalar(LogarithmAtZero)]);
        var timestep = graph.Times(logarithm, graph.Scalar(KarrasSigmas.TimestepScale));
        var output = network(graph.Add("Div", [x, norm]), timestep);

        graph.Scope = "scalings";
        var above = graph.Add("Sub", [level, graph.Scalar(scalings.Epsilon)]);
        var skip = graph.Add("Div", [variance, graph.Plus(graph.Times(above, above), variance)]);
        var scale = graph.Add("Div", [graph.Times(above, graph.Scalar(scalings.SigmaData)), norm]);
        var sum = graph.Plus(graph.Times(skip, x), graph.Times(scale, output));
        return scheduler.ClipDenoised ? graph.Add("Clip", [sum, graph.Scalar(-1), graph.Scalar(1)]) : sum;
    }
}
