using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cpu;
using ConsistencyModels.Denoising;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Golden.Tests;

/// <summary>The three denoisers of the recorded samplers and edits.</summary>
internal sealed class GoldenDenoisers : IDisposable
{
    private readonly IUNet? _network;

    internal GoldenDenoisers(GoldenCase golden, int channels)
    {
        if (golden.Has("gmm_means"))
        {
            Denoiser = new GaussianMixtureDenoiser(golden.Floats("gmm_means"));
            return;
        }

        // Editing is recorded with consistency models only and says so in words.
        var distilled = golden.Json.Optional("distillation")?.GetBoolean() ?? true;
        _network = golden.Json.GetProperty("denoiser").GetString() == "unet" ? Tiny(golden) : new PointwiseUNet(channels);
        Denoiser = new Denoiser(_network, distilled ? Preconditioning.Consistency() : Preconditioning.Edm(), clip: false);
    }

    internal IDenoiser Denoiser { get; }

    public void Dispose() => _network?.Dispose();

    private static IUNet Tiny(GoldenCase golden)
    {
        // The conversion of openai/tiny/model_fp32.pt to diffusers' names.
        var folder = Path.Combine(golden.Root, "openai", "tiny", "diffusers", "unet");
        using var weights = WeightFiles.Open(folder);
        return new CpuEngine().Load(UNet2DConfig.Load(Path.Combine(folder, "config.json")), weights, new EngineOptions());
    }
}
