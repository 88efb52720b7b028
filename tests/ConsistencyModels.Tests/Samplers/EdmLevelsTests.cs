using ConsistencyModels.Samplers;

namespace ConsistencyModels.Tests.Samplers;

/// <summary>Noise levels as EDM's reference has them, to the last bits where they decide something.</summary>
public class EdmLevelsTests
{
    // Recorded from the reference; in double precision throughout they would be off by up to 5e-4 of themselves.
    [Theory]
    [InlineData(0, 80.20367138711674)]
    [InlineData(1, 71.29117820534522)]
    [InlineData(100, 5.885105789588911)]
    [InlineData(500, 0.9874545804112013)]
    [InlineData(900, 0.15659852908641755)]
    [InlineData(980, 0.028571840239956563)]
    [InlineData(989, 0.01176498109294423)]
    [InlineData(990, 0.009348055522374419)]
    [InlineData(991, 0.0064224695811984575)]
    public void Every_level_is_the_references(int index, double expected)
    {
        var levels = Levels(992);
        Assert.Equal(992, levels.Distinct().Count());
        Assert.Equal(expected, levels[index], expected * 1e-12);
    }

    [Theory]
    [InlineData(59, 29, 495)]
    [InlineData(99, 49, 495)]
    [InlineData(103, 51, 495)]
    public void Halfway_between_two_levels_the_references_is_taken(int steps, int index, int expected) =>
        Assert.Equal(Levels(992)[expected], Levels(steps)[index]);

    [Fact]
    public void One_step_starts_at_the_largest() => Assert.Equal(Levels(992)[0], Assert.Single(Levels(1)));

    [Fact]
    public void More_steps_than_levels_are_refused() => Assert.Throws<ArgumentException>(() => Levels(993));

    // PyTorch multiplies for the cube: the last level is a bit below 0.6 there, out of reach of churn from 0.6 on.
    [Fact]
    public void The_cube_is_two_products() =>
        Assert.Equal(0.5999999999999999, new EdmCurve(new EdmSampler { Steps = 8, SigmaMin = 0.6, SigmaMax = 99.9, Rho = 3 }).Levels[^1]);

    private static double[] Levels(int steps) => new EdmCurve(new EdmSampler { Steps = steps, Discretization = EdmDiscretization.ImprovedDdpm }).Levels;
}
