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
        var recorded = new RecordedDenoiser(GaussianMixtureDenoiser.In(golden.Json.Text("denoiser"), golden.Floats("gmm_means")), clip: false);
        var noise = new ReplayedNoise(golden.Floats("noise"));
        var sampler = Sampler(golden.Json.Object("args"));
        var x = golden.Floats("latents");
        sampler.Sample(recorded, x, shape, noise, new SamplingOptions { ClampResult = false });

        Assert.Equal(golden.Json.Int("randn_like_draws"), noise.Draws);
        Assert.Equal(sampler.NetworkEvaluations, recorded.Sigmas.Count);
        recorded.HasCalls(golden, null, Absolute, "calls_x_f32");
        Near.Equal(golden.Floats("result"), x, 0, Absolute, "result");
        Assert.Equal("torch.float64", golden.Json.Text("result_dtype"));
    }

    // edm_sampler and ablation_sampler share the names and defaults of their arguments, but for the range of levels, which the
    // second takes from the discretization; the first has EDM's, whose range is the first's default.
    private static EdmSampler Sampler(GoldenArguments arguments)
    {
        arguments.Fixed("epsilon_s", 1e-3);
        arguments.Fixed("C_1", 0.001);
        arguments.Fixed("C_2", 0.008);
        arguments.Fixed("M", 1000);
        return new()
        {
            Steps = arguments.Int("num_steps", 18),
            SigmaMin = arguments.Find("sigma_min")?.GetDouble(),
            SigmaMax = arguments.Find("sigma_max")?.GetDouble(),
            Rho = arguments.Number("rho", 7),
            Alpha = arguments.Number("alpha", 1),
            Solver = arguments.Text("solver", "heun") switch
            {
                "euler" => EdmSolver.Euler,
                "heun" => EdmSolver.Heun,
                var other => throw new InvalidOperationException($"No solver is called {other}."),
            },
            Discretization = arguments.Text("discretization", "edm") switch
            {
                "vp" => EdmDiscretization.VariancePreserving,
                "ve" => EdmDiscretization.VarianceExploding,
                "iddpm" => EdmDiscretization.ImprovedDdpm,
                "edm" => EdmDiscretization.Edm,
                var other => throw new InvalidOperationException($"No discretization is called {other}."),
            },
            Time = arguments.Text("schedule", "linear") switch
            {
                "vp" => EdmTime.VariancePreserving,
                "ve" => EdmTime.VarianceExploding,
                "linear" => EdmTime.Linear,
                var other => throw new InvalidOperationException($"No schedule is called {other}."),
            },
            ScaledVariancePreserving = arguments.Text("scaling", "none") switch
            {
                "vp" => true,
                "none" => false,
                var other => throw new InvalidOperationException($"No scaling is called {other}."),
            },
            Churn = new Churn
            {
                Amount = arguments.Number("S_churn", 0),
                SigmaMin = arguments.Number("S_min", 0),
                SigmaMax = arguments.Number("S_max", double.PositiveInfinity),
                NoiseScale = arguments.Number("S_noise", 1),
            },
        };
    }
}
