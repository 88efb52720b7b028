using ConsistencyModels.Denoising;
using ConsistencyModels.Noise;
using ConsistencyModels.Schedulers;
using CsCheck;

namespace ConsistencyModels.Tests.Schedulers;

public class CMStochasticIterativeSchedulerTests
{
    private static readonly CMStochasticIterativeSchedulerConfig Defaults = new();

    [Theory]
    [InlineData(1)]
    [InlineData(1024)]
    [InlineData(2500)]
    public void A_step_is_the_papers_formula_for_any_length_and_in_any_memory(int length)
    {
        var config = Defaults with { ClipDenoised = false, SNoise = 1.01 };
        var (model, sample, noise) = (Normal(1, length), Normal(2, length), Normal(3, length));
        float[] Run(Func<(float[] Model, float[] Sample, float[] Noise), float[]> output)
        {
            var scheduler = new CMStochasticIterativeScheduler(config);
            scheduler.SetTimesteps([22, 0]);
            var copies = ((float[])model.Clone(), (float[])sample.Clone(), (float[])noise.Clone());
            var result = output(copies);
            scheduler.Step(copies.Item1, scheduler.Timesteps[0], copies.Item2, copies.Item3, result);
            Assert.Equal(1, scheduler.StepIndex);
            return result;
        }

        var next = KarrasSigmas.At(22.0 / 39, 0.002, 80, 7);
        var skip = 0.25 / (Math.Pow(80 - 0.002, 2) + 0.25);
        var scale = (80 - 0.002) * 0.5 / Math.Sqrt(6400 + 0.25);
        var added = 1.01 * Math.Sqrt((next * next) - 4e-6);
        var separate = Run(_ => new float[length]);
        for (var i = 0; i < length; i++)
        {
            Assert.Equal((skip * sample[i]) + (scale * model[i]) + (added * noise[i]), separate[i], 5e-6);
        }

        Assert.Equal(separate, Run(copies => copies.Model));
        Assert.Equal(separate, Run(copies => copies.Sample));
        Assert.Equal(separate, Run(copies => copies.Noise));
    }

    [Fact]
    public void A_number_of_steps_takes_the_models_own_timesteps_where_it_has_some()
    {
        var (own, given, spaced) = (Scheduler(TimestepTable.None.With([31, 7, 0])), Scheduler(TimestepTable.None), Scheduler(TimestepTable.None));
        own.SetTimesteps(3);
        given.SetTimesteps([31, 7, 0]);
        Assert.Equal(given.Timesteps, own.Timesteps);
        Assert.Equal(given.Sigmas, own.Sigmas);
        Assert.Equal((3, false), (own.NumInferenceSteps, own.CustomTimesteps));

        own.SetTimesteps(4);
        spaced.SetTimesteps(4);
        Assert.Equal(spaced.Timesteps, own.Timesteps);

        static CMStochasticIterativeScheduler Scheduler(TimestepTable table) => new(Defaults with { OwnTimesteps = table });
    }

    [Fact]
    public void The_last_of_several_steps_adds_a_trace_of_noise()
    {
        var scheduler = new CMStochasticIterativeScheduler(Defaults);
        scheduler.SetTimesteps(2);
        var result = new float[1];
        scheduler.Step([0], scheduler.Timesteps[0], [0], [1], result);
        scheduler.Step([0], scheduler.Timesteps[1], [0], [1], result);
        Assert.Equal(6.74e-7, result[0], 0.01e-7);
    }

    [Fact]
    public void No_sigma_min_makes_the_last_step_not_a_number()
    {
        Gen.Double[1e-4, 0.5].Sample(sigmaMin =>
        {
            var scheduler = new CMStochasticIterativeScheduler(Defaults with { SigmaMin = sigmaMin });
            scheduler.SetTimesteps(2);
            var result = new float[1];
            scheduler.Step([0], scheduler.Timesteps[0], [0], [1], result);
            scheduler.Step([0], scheduler.Timesteps[1], [0], [1], result);
            Assert.InRange(result[0], 0, 1e-3f);
        });
    }

    [Fact]
    public void Clipping_keeps_NaN_visible_and_can_be_off()
    {
        float[] model = [10, -10, 0.5f, float.NaN];
        var sample = new float[4];
        float[] Denoise(bool clip)
        {
            var scheduler = new CMStochasticIterativeScheduler(Defaults with { ClipDenoised = clip });
            scheduler.SetTimesteps(1);
            var result = new float[4];
            scheduler.Step(model, scheduler.Timesteps[0], sample, [], result);
            return result;
        }

        var clipped = Denoise(true);
        Assert.Equal([1f, -1f], clipped[..2]);
        Assert.True(float.IsNaN(clipped[3]));
        Assert.InRange(Denoise(false)[0], 4.9f, 5f);
    }

    [Fact]
    public void A_single_step_draws_no_noise_and_a_failing_one_neither()
    {
        var generator = new TorchGenerator(3);
        var before = generator.GetState();
        var image = new float[4];

        var scheduler = new CMStochasticIterativeScheduler(Defaults);
        scheduler.SetTimesteps(1);
        scheduler.Step(image, scheduler.Timesteps[0], image, generator, 1, image);
        Assert.Equal(before, generator.GetState());

        scheduler.SetTimesteps(2);
        Assert.Throws<ArgumentException>(() => scheduler.Step(image, 1.5, image, generator, 1, image));
        Assert.Throws<ArgumentException>(() => scheduler.Step(image, scheduler.Timesteps[0], image, new float[3], image));
        Assert.Equal(before, generator.GetState());

        scheduler.Step(image, scheduler.Timesteps[0], image, generator, 1, image);
        Assert.NotEqual(before, generator.GetState());
    }

    [Fact]
    public void Noise_from_a_generator_is_the_noise_it_would_have_given()
    {
        const int Length = 40;
        var (model, sample) = (Normal(1, Length), Normal(2, Length));
        float[] Run(Action<CMStochasticIterativeScheduler, float[]> step)
        {
            var scheduler = new CMStochasticIterativeScheduler(Defaults);
            scheduler.SetTimesteps(3);
            var result = new float[Length];
            step(scheduler, result);
            return result;
        }

        Assert.Equal(
            Run((scheduler, result) => scheduler.Step(model, scheduler.Timesteps[0], sample, Normal(8, Length), result)),
            Run((scheduler, result) => scheduler.Step(model, scheduler.Timesteps[0], sample, new TorchGenerator(8), 2, result)));
    }

    [Fact]
    public void Choosing_a_schedule_starts_over_and_a_wrong_choice_changes_nothing()
    {
        var scheduler = new CMStochasticIterativeScheduler(Defaults);
        scheduler.SetTimesteps(2);
        var image = new float[1];
        scheduler.ScaleModelInput(image, scheduler.Timesteps[1], image);
        Assert.Equal(1, scheduler.StepIndex);

        var timesteps = scheduler.Timesteps;
        Assert.Throws<ArgumentOutOfRangeException>(() => scheduler.SetTimesteps(41));
        Assert.Throws<ArgumentException>(() => scheduler.SetTimesteps([3, 5]));
        Assert.Same(timesteps, scheduler.Timesteps);
        Assert.Equal(2, scheduler.NumInferenceSteps);
        Assert.Equal(1, scheduler.StepIndex);

        scheduler.SetTimesteps([5, 3]);
        Assert.Null(scheduler.StepIndex);
        Assert.True(scheduler.CustomTimesteps);
    }

    [Fact]
    public void Of_equal_timesteps_the_second_is_meant()
    {
        // Levels so close together that several of them round to the same number.
        var scheduler = new CMStochasticIterativeScheduler(Defaults with { SigmaMin = 1, SigmaMax = 1 + 1e-15 });
        var timesteps = scheduler.Timesteps.ToList();
        var repeated = timesteps.First(t => timesteps.Count(other => other == t) > 1);
        Assert.Equal(timesteps.IndexOf(repeated, timesteps.IndexOf(repeated) + 1), scheduler.IndexForTimestep(repeated));
    }

    [Fact]
    public void Settings_out_of_range_are_refused()
    {
        CMStochasticIterativeSchedulerConfig[] wrong =
        [
            Defaults with { NumTrainTimesteps = 1 },
            Defaults with { SigmaMin = 0 },
            Defaults with { SigmaMax = 0.001 },
            Defaults with { SigmaData = double.NaN },
            Defaults with { SNoise = -1 },
            Defaults with { Rho = double.PositiveInfinity },
        ];
        Assert.All(wrong, config => Assert.Throws<ArgumentException>(() => new CMStochasticIterativeScheduler(config)));
    }

    [Fact]
    public void The_table_is_computed_only_when_asked_for()
    {
        var most = Defaults with { NumTrainTimesteps = CMStochasticIterativeSchedulerConfig.MostTrainTimesteps };
        var before = GC.GetAllocatedBytesForCurrentThread();
        var scheduler = new CMStochasticIterativeScheduler(most);
        scheduler.SetTimesteps(2);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
        Assert.Equal(3, scheduler.Sigmas.Count);
        Assert.Equal(most.NumTrainTimesteps, new CMStochasticIterativeScheduler(most).Timesteps.Count);
    }

    [Fact]
    public void Lengths_that_differ_are_refused()
    {
        var scheduler = new CMStochasticIterativeScheduler(Defaults);
        var t = scheduler.Timesteps[0];
        Assert.Throws<ArgumentException>(() => scheduler.ScaleModelInput(new float[2], t, new float[3]));
        Assert.Throws<ArgumentException>(() => scheduler.Step(new float[3], t, new float[2], new float[2], new float[2]));
        Assert.Throws<ArgumentException>(() => scheduler.AddNoise(new float[3], new float[3], [t, t], new float[3]));
        Assert.Throws<ArgumentException>(() => CMStochasticIterativeScheduler.AddNoise(new float[3], new float[2], 1f, new float[3]));
    }

    private static float[] Normal(ulong seed, int length)
    {
        var numbers = new float[length];
        new TorchGenerator(seed).Randn(numbers);
        return numbers;
    }
}
