using System.Text.RegularExpressions;
using ConsistencyModels.Denoising;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Golden.Tests;

/// <summary>The three denoisers of openai's recorded samplers and edits, as a case names and describes them.</summary>
internal sealed partial class GoldenDenoisers : IDisposable
{
    private readonly IUNet? _network;

    /// <summary>Makes the case's denoiser.</summary>
    /// <param name="golden">The case.</param>
    /// <param name="channels">Channels of its images.</param>
    /// <param name="distillation">Whether it is a consistency model's; not asked for by the exact denoiser, which has no scalings.</param>
    /// <param name="engine">What runs the network, if it has a real one.</param>
    internal GoldenDenoisers(GoldenCase golden, int channels, Func<bool> distillation, INetworkEngine engine)
    {
        var formula = golden.Json.Text("denoiser_formula");
        Arguments = KarrasDenoiserArguments.In(formula);
        if (golden.Json.Text("denoiser") == "gmm")
        {
            Denoiser = GaussianMixtureDenoiser.In(formula, golden.Floats("gmm_means"));
            return;
        }

        _network = golden.Json.Text("denoiser") switch
        {
            "pointwise" => PointwiseUNet.In(formula, channels),
            "unet" => OpenAiNetwork(formula, engine),
            var other => throw new InvalidOperationException($"No denoiser is called {other}."),
        };
        Denoiser = new Denoiser(_network, Arguments.Preconditioning(distillation()), clip: false);
    }

    internal IDenoiser Denoiser { get; }

    internal KarrasDenoiserArguments Arguments { get; }

    /// <summary>The engines that say something about a case: all of them for a real network, one where none takes part.</summary>
    internal static IEnumerable<INetworkEngine> EnginesFor(GoldenCase golden) =>
        golden.Json.Text("denoiser") == "unet" ? Engines.All : Engines.All.Take(1);

    public void Dispose() => _network?.Dispose();

    // "openai/tiny/model_fp32.pt (config in openai/tiny/io.json) wrapped by KarrasDenoiser"
    private static IUNet OpenAiNetwork(string formula, INetworkEngine engine)
    {
        var places = Places().Match(formula);
        Assert.True(places.Success, $"\"{formula}\" names no network.");
        using GoldenCase described = new(GoldenFolder.Find(places.Groups["config"].Value));
        var config = described.Json.Object("openai_config");
        var size = config.Int("image_size");
        var options = new ModelOptions { HeadDim = config.Int("num_head_channels"), SampleSize = new ImageSize(size, size) };
        using var model = ModelReader.Open(GoldenFolder.Find(places.Groups["weights"].Value), options);
        using var weights = model.OpenWeights();
        return engine.Load(model.Config, weights, new EngineOptions());
    }

    [GeneratedRegex(@"^(?<weights>\S+\.pt) \(config in (?<config>\S+\.json)\)")]
    private static partial Regex Places();
}
