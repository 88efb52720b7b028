using System.Globalization;
using System.Text.RegularExpressions;
using ConsistencyModels.Denoising;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>openai's tables: noise levels, scalings, timesteps, loss weights, ancestral steps.</summary>
internal sealed partial class TablesCheck : IGoldenCheck
{
    private const double Relative = 1e-6;

    public string Kind => "tables";

    public void Check(GoldenCase golden)
    {
        var outputs = golden.Json.Get("tensors").GetProperty("outputs").EnumerateObject().Select(output => output.Name).ToList();
        Assert.NotEmpty(outputs);
        foreach (var name in outputs)
        {
            // A bit of relative error in a subtraction of nearly equal levels is a part of the level, not of the difference.
            var absolute = name == "ancestral_down" ? 1e-6 : 1e-12;
            Near.Equal(golden.Floats(name), Compute(golden, name), Relative, absolute, name);
        }

        foreach (var first in golden.Json.Find("first_sigma_is_not_exactly_sigma_max")?.EnumerateObject() ?? default)
        {
            Near.Equal([first.Value.GetDouble()], [Compute(golden, first.Name)[0]], Relative, 0, first.Name);
        }

        const string Closed = "a name in Python, one of a closed list of types here";
        golden.Json.Ignore("get_weightings_unknown", Closed);
        golden.Json.Ignore("unknown_sampler", Closed);
        golden.Json.Ignore("unknown_loss_norm", Closed);
        golden.Json.Ignore("float32_log_of_1e-44", "words about rescaled_t's value at 0, which is compared");
    }

    private static float[] Compute(GoldenCase golden, string name)
    {
        if (Levels().Match(name) is { Success: true } levels)
        {
            return KarrasSigmas.SingleTable(int.Parse(levels.Groups["n"].Value, CultureInfo.InvariantCulture), Number(levels, "min"), Number(levels, "max"), Number(levels, "rho"));
        }

        var sigmas = golden.Floats("sigma");
        if (Scalings().Match(name) is { Success: true } scalings)
        {
            var preconditioning = scalings.Groups["boundary"].Success
                ? Preconditioning.Consistency(Number(scalings, "data"), Number(scalings, "min"))
                : Preconditioning.Edm(Number(scalings, "data"));
            return Array.ConvertAll(sigmas, sigma => scalings.Groups["which"].Value switch
            {
                "c_skip" => preconditioning.CSkip(sigma),
                "c_out" => preconditioning.COut(sigma),
                _ => preconditioning.CIn(sigma),
            });
        }

        if (Weightings().Match(name) is { Success: true } weightings)
        {
            var weighting = weightings.Groups["which"].Value switch
            {
                "snr" => LossWeighting.Snr,
                "snr+1" => LossWeighting.SnrPlusOne,
                "karras" => LossWeighting.Karras,
                "truncated-snr" => LossWeighting.TruncatedSnr,
                _ => LossWeighting.Uniform,
            };
            return Array.ConvertAll(sigmas[2..], sigma => weighting.Weight(sigma, Number(weightings, "data")));
        }

        var steps = golden.Floats("sig_from").Zip(golden.Floats("sig_to"), EulerAncestralSampler.Split);
        return name switch
        {
            "rescaled_t" => Array.ConvertAll(sigmas, Preconditioning.CNoise),
            "ancestral_down" => [.. steps.Select(step => step.Down)],
            "ancestral_up" => [.. steps.Select(step => step.Up)],
            _ => throw new InvalidOperationException($"No table is called {name}."),
        };
    }

    private static double Number(Match match, string group) => double.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^n(?<n>\d+)_min(?<min>[\d.e+-]+)_max(?<max>[\d.e+-]+)_rho(?<rho>[\d.e+-]+)$")]
    private static partial Regex Levels();

    [GeneratedRegex(@"^get_scalings(?<boundary>_for_boundary_condition)?\.sd(?<data>[\d.]+)_smin(?<min>[\d.]+)\.(?<which>c_\w+)$")]
    private static partial Regex Scalings();

    [GeneratedRegex(@"^get_weightings\.(?<which>[a-z+1-]+)\.sd(?<data>[\d.]+)$")]
    private static partial Regex Weightings();
}
