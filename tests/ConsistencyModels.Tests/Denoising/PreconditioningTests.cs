using ConsistencyModels.Denoising;

namespace ConsistencyModels.Tests.Denoising;

public class PreconditioningTests
{
    [Fact]
    public void The_boundary_form_is_the_identity_at_epsilon_exactly()
    {
        var scalars = Preconditioning.Consistency(0.5, 0.002);
        Assert.Equal(1f, scalars.CSkip(0.002f));
        Assert.Equal(0f, scalars.COut(0.002f));
    }

    [Fact]
    public void Edms_form_is_the_identity_at_zero_exactly()
    {
        var scalars = Preconditioning.Edm(0.5);
        Assert.Equal(1f, scalars.CSkip(0));
        Assert.Equal(0f, scalars.COut(0));
        Assert.Equal(2f, scalars.CIn(0));
    }

    // Values by hand at sigma = 0.5 = sigma_data: 1/2, 0.25/sqrt(0.5), 1/sqrt(0.5).
    [Fact]
    public void Edms_scalars_at_sigma_data()
    {
        var scalars = Preconditioning.Edm(0.5);
        Assert.Equal(0.5f, scalars.CSkip(0.5f));
        Assert.Equal(0.35355338f, scalars.COut(0.5f), 1e-7f);
        Assert.Equal(1.4142135f, scalars.CIn(0.5f), 1e-6f);
    }

    // (1.002 - 0.002) = 1 makes the shifted parts round numbers.
    [Fact]
    public void Boundary_scalars_away_from_epsilon()
    {
        var scalars = Preconditioning.Consistency(0.5, 0.002);
        Assert.Equal(0.2f, scalars.CSkip(1.002f), 1e-6f);
        Assert.Equal(0.5f / MathF.Sqrt((1.002f * 1.002f) + 0.25f), scalars.COut(1.002f), 1e-6f);
        Assert.Equal(Preconditioning.Edm(0.5).CIn(1.002f), scalars.CIn(1.002f));
    }

    // With unit-variance F and data of variance sigma_data^2, D's weights keep c_skip²(s²+sd²)+... : EDM's equations 7 and 8
    // are exactly those for which c_out² = sd²(1 - c_skip).
    [Fact]
    public void Edms_output_weight_carries_the_variance_the_skip_leaves()
    {
        var scalars = Preconditioning.Edm(0.7);
        for (var sigma = 0.001f; sigma < 100; sigma *= 1.7f)
        {
            Assert.Equal(0.49 * (1 - scalars.CSkip(sigma)), Math.Pow(scalars.COut(sigma), 2), 1e-6);
        }
    }

    [Theory]
    [InlineData(80f, 1095.5066586684702)]
    [InlineData(1f, 0)]
    [InlineData(0.002f, -1553.6520246)]
    [InlineData(0f, -25333.4)]
    public void Timesteps_are_250_times_the_logarithm_and_finite_at_zero(float sigma, double expected)
    {
        Assert.Equal(expected, Preconditioning.CNoise(sigma), Math.Max(1e-3, Math.Abs(expected) * 2e-5));
    }

    [Fact]
    public void Impossible_parameters_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Preconditioning.Edm(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Preconditioning.Edm(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => Preconditioning.Consistency(0.5, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Preconditioning.Consistency(0.5, double.PositiveInfinity));
    }
}
