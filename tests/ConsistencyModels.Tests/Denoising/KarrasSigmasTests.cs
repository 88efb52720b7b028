using ConsistencyModels.Denoising;
using CsCheck;

namespace ConsistencyModels.Tests.Denoising;

public class KarrasSigmasTests
{
    [Fact]
    public void The_ends_are_sigma_max_and_sigma_min_and_the_rest_descends()
    {
        Gen.Select(Gen.Int[2, 60], Gen.Double[1e-3, 1], Gen.Double[1.5, 100], Gen.Double[0.5, 9]).Sample((count, min, factor, rho) =>
        {
            var sigmas = KarrasSigmas.Table(count, min, min * factor, rho);
            Assert.Equal(1, sigmas[0] / (min * factor), 1e-12);
            Assert.Equal(1, sigmas[^1] / min, 1e-9);
            Assert.Equal(sigmas.OrderDescending(), sigmas);
        });
    }

    [Fact]
    public void A_single_level_is_the_largest() => Assert.Equal(80, Assert.Single(KarrasSigmas.Table(1, 0.002, 80, 7)), 1e-12);

    // Recorded from the reference: the cube is two products, each rounded, and 30.000002 would lie above churn's range up to 30.
    [Fact]
    public void Single_levels_of_the_cube_are_the_references()
    {
        float[] expected =
        [
            30f, 20.859525680541992f, 13.794384002685547f, 8.537333488464355f, 4.821132659912109f,
            2.378540277481079f, 0.9423149228096008f, 0.24521535634994507f, 0.02000003680586815f, 0,
        ];
        Assert.Equal(expected, KarrasSigmas.SingleTable(9, 0.02, 30, 3));
    }

    [Fact]
    public void No_noise_has_a_finite_timestep_in_either_precision()
    {
        Assert.Equal(-25328.4, KarrasSigmas.SigmaToT(0.0), 0.1);

        // The denormal 1e-44f is 7·2^-149; flushed to zero it would give -infinity.
        Assert.Equal(250 * Math.Log(7 * Math.Pow(2, -149)), KarrasSigmas.SigmaToT(0f), 0.01);
    }

    [Fact]
    public void At_sigma_min_a_consistency_model_is_the_identity()
    {
        Gen.Select(Gen.Double[1e-4, 1], Gen.Double[0.1, 2]).Sample((min, data) =>
        {
            Assert.Equal((1.0, 0.0), ConsistencyScalings.BoundaryCondition(min, min, data));
            Assert.Equal((1f, 0f), ConsistencyScalings.BoundaryCondition((float)min, min, data));
        });
    }

    [Fact]
    public void EDMs_scalings_keep_the_variance_of_data()
    {
        // c_skip²·(s² + d²) + c_out² = d² for the scalings of table 1.
        Gen.Select(Gen.Double[0, 90], Gen.Double[0.1, 2]).Sample((sigma, data) =>
        {
            var (skip, scale) = ConsistencyScalings.Edm(sigma, data);
            Assert.Equal(data * data, (skip * skip * ((sigma * sigma) + (data * data))) + (scale * scale), 1e-9);
        });
    }
}
