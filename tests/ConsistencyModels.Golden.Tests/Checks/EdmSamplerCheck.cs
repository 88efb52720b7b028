using System.Text.Json;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>NVlabs/edm's samplers, Algorithm 2 and the general form of its ablations.</summary>
internal sealed class EdmSamplerCheck : IGoldenCheck
{
    private const double Absolute = 1e-5;

    public string Kind => "edm_sampler";

    public void Check(GoldenCase golden)
    {
        var size = golden.Shape("latents");
        var shape = new ImageShape(size[0], size[1], size[2], size[3]);
        var recorded = new RecordedDenoiser(new GaussianMixtureDenoiser(golden.Floats("gmm_means")), clip: false);
        var noise = new ReplayedNoise(golden.Floats("noise"));
        var sampler = Sampler(golden.Json.GetProperty("args"));
        var x = golden.Floats("latents");
        sampler.Sample(recorded, x, shape, noise, new SamplingOptions { ClampResult = false });

        Assert.Equal(golden.Json.GetProperty("randn_like_draws").GetInt32(), noise.Draws);
        Assert.Equal(sampler.NetworkEvaluations, recorded.Sigmas.Count);
        recorded.HasCalls(golden, null, Absolute, "calls_x_f32");
        Near.Equal(golden.Floats("result"), x, 0, Absolute, "result");
    }

    private static EdmSampler Sampler(JsonElement arguments) => new()
    {
        Steps = arguments.Optional("num_steps")?.GetInt32() ?? 18,
        Solver = arguments.Optional("solver")?.GetString() == "euler" ? EdmSolver.Euler : EdmSolver.Heun,
        Discretization = arguments.Optional("discretization")?.GetString() switch
        {
            "vp" => EdmDiscretization.VariancePreserving,
            "ve" => EdmDiscretization.VarianceExploding,
            "iddpm" => EdmDiscretization.ImprovedDdpm,
            _ => EdmDiscretization.Edm,
        },
        Time = arguments.Optional("schedule")?.GetString() switch
        {
            "vp" => EdmTime.VariancePreserving,
            "ve" => EdmTime.VarianceExploding,
            _ => EdmTime.Linear,
        },
        ScaledVariancePreserving = arguments.Optional("scaling")?.GetString() == "vp",
        Churn = new Churn
        {
            Amount = arguments.Optional("S_churn")?.GetDouble() ?? 0,
            SigmaMin = arguments.Optional("S_min")?.GetDouble() ?? 0,
            SigmaMax = arguments.Optional("S_max")?.GetDouble() ?? double.PositiveInfinity,
            NoiseScale = arguments.Optional("S_noise")?.GetDouble() ?? 1,
        },
    };
}
