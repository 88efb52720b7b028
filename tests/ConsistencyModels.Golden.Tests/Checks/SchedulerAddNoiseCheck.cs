using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>add_noise with a timestep for each image, and the same by noise level.</summary>
internal sealed class SchedulerAddNoiseCheck : IGoldenCheck
{
    public string Kind => "scheduler_add_noise";

    public void Check(GoldenCase golden)
    {
        var scheduler = SchedulerTraceCheck.Prepare(golden.Json);
        var images = golden.Floats("x");
        var noise = golden.Floats("noise");
        var expected = golden.Floats("noisy");
        var timesteps = golden.Json.Numbers("timesteps_used_f64");

        var actual = new float[images.Length];
        scheduler.AddNoise(images, noise, timesteps, actual);
        Near.EqualToScale(expected, actual, 1e-6, "noisy");

        var length = images.Length / timesteps.Length;
        for (var i = 0; i < timesteps.Length; i++)
        {
            var image = (i * length)..((i + 1) * length);
            var sigma = (float)scheduler.Sigmas[scheduler.IndexForTimestep(timesteps[i])];
            CMStochasticIterativeScheduler.AddNoise(images[image], noise[image], sigma, actual.AsSpan(image));
        }

        Near.EqualToScale(expected, actual, 1e-6, "noisy, by sigma");
    }
}
