using ConsistencyModels.Denoising;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Objectives.Levels;
using ConsistencyModels.Training.Objectives.Schedules;
using ConsistencyModels.Training.Objectives.Targets;

namespace ConsistencyModels.Training.Tests.Objectives;

/// <summary>Distillation over several places of the grid at once, and in several steps of the teacher.</summary>
public class SkippingTests
{
    private const float Spread = 0.5f;

    private static readonly ImageShape Shape = new(3, 1, 2, 2);

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(7)]
    public void A_skip_changes_where_targets_lie_and_not_where_students_are_asked(int skip)
    {
        var levels = new GridLevels(new FixedScales(8), new UniformChoice());
        float[] grid = [.. Enumerable.Range(0, 8).Select(i => (float)KarrasSigmas.At(i / 7.0, 0.002, 80, 7))];
        var (near, far) = (new LevelPair[7], new LevelPair[7]);
        var batch = Batch(new(7, 1, 1, 1), [.. Enumerable.Range(0, 7).Select(i => (i + 0.5f) / 7)]);
        levels.Draw(batch, default, near);
        (levels with { Skip = skip }).Draw(batch, default, far);
        for (var i = 0; i < 7; i++)
        {
            Assert.Equal(near[i].From, far[i].From);
            Assert.Equal(i, far[i].Index);
            Assert.Equal(grid[Math.Min(i + skip, 7)], far[i].To, grid[Math.Min(i + skip, 7)] * 1e-5f);
        }
    }

    // The flow of normally distributed data is known: x' = x sqrt((s² + σ'²) / (s² + σ²)).
    [Theory]
    [InlineData(OdeStep.Euler, 1)]
    [InlineData(OdeStep.Heun, 2)]
    public void More_steps_of_the_teacher_come_closer_by_their_order(OdeStep step, int order)
    {
        var (from, to) = (20f, 0.3f);
        double Error(int steps)
        {
            var reached = Reached(new ConsistencyTarget(step, NetworkRole.Target) { SolverSteps = steps }, from, to);
            var factor = Math.Sqrt(((Spread * Spread) + (to * to)) / ((Spread * Spread) + (from * from)));
            return reached.Zip(Start(from), (found, x) => Math.Abs(found - (x * factor))).Max();
        }

        double[] errors = [.. new[] { 8, 16, 32 }.Select(Error)];
        Assert.InRange(errors[0] / errors[1], 0.7 * Math.Pow(2, order), 1.5 * Math.Pow(2, order));
        Assert.InRange(errors[1] / errors[2], 0.7 * Math.Pow(2, order), 1.5 * Math.Pow(2, order));
    }

    [Fact]
    public void Steps_between_two_levels_are_those_of_a_finer_grid()
    {
        var fine = Enumerable.Range(0, 4).Select(i => (float)KarrasSigmas.At(i / 3.0, 0.3, 20, 7)).ToArray();
        var one = new ConsistencyTarget(OdeStep.Heun, NetworkRole.Target);
        var x = Start(20);
        for (var i = 0; i < 3; i++)
        {
            x = Reached(one, fine[i], fine[i + 1], x);
        }

        var together = Reached(one with { SolverSteps = 3 }, 20, 0.3f);
        Assert.All(x.Zip(together), pair => Assert.Equal(pair.First, pair.Second, Math.Abs(pair.First) * 1e-4f));
    }

    [Fact]
    public void The_settings_reach_the_objective()
    {
        var objective = Runs.TinyRun.Make("cd", ["scales=18", "skip=5", "solver_steps=3", "rho=6"]);
        Assert.Equal(5, ((GridLevels)objective.Levels).Skip);
        Assert.Equal((3, 6.0), objective.Target is ConsistencyTarget target ? (target.SolverSteps, target.Rho) : default);
    }

    private static float[] Start(float sigma) => [.. Enumerable.Range(0, Shape.Length).Select(i => sigma * MathF.Sin(i + 1))];

    private static float[] Reached(ConsistencyTarget target, float from, float to, float[]? start = null)
    {
        var reached = new float[Shape.Length];
        LevelPair[] pairs = [.. Enumerable.Repeat(new LevelPair(from, to), Shape.Batch)];
        target.Compute(new(Batch(Shape, new float[Shape.Batch]), default, pairs, start ?? Start(from), []), new Gaussian(), reached);
        return reached;
    }

    private static TrainingBatch Batch(ImageShape shape, float[] uniforms) =>
        new(shape, new float[shape.Length], default, new float[shape.Length], new float[shape.Batch], uniforms, 0);

    // The teacher of data with that spread; the target network gives back what it is asked about.
    private sealed class Gaussian : IStepNetworks
    {
        public void Student(ReadOnlySpan<float> x, ReadOnlySpan<float> sigmas, Span<float> denoised) => throw new NotSupportedException();

        public void Denoise(NetworkRole role, ReadOnlySpan<float> x, ReadOnlySpan<float> sigmas, Span<float> denoised)
        {
            for (var i = 0; i < x.Length; i++)
            {
                var sigma = sigmas[i / Shape.ImageLength];
                denoised[i] = role == NetworkRole.Teacher ? x[i] * Spread * Spread / ((Spread * Spread) + (sigma * sigma)) : x[i];
            }
        }

        public void Network(NetworkRole role, ReadOnlySpan<float> x, ReadOnlySpan<float> sigmas, Span<float> output) => throw new NotSupportedException();
    }
}
