using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>Which calls fail. Where Python fails, so must we; where it does not, we may refuse only what is listed here.</summary>
internal sealed partial class SchedulerErrorsCheck : IGoldenCheck
{
    public string Kind => "scheduler_errors";

    public void Check(GoldenCase golden)
    {
        foreach (var item in golden.Json.GetProperty("cases").EnumerateArray())
        {
            var scheduler = new CMStochasticIterativeScheduler(SchedulerTraceCheck.ConfigOf(item));
            var what = item.GetProperty("what");
            var call = what.GetProperty("call").GetString()!;
            var args = what.GetProperty("args");
            var error = Record.Exception(() => Call(scheduler, call, args));
            if (item.Optional("error") is null && !OursIsStricter(args))
            {
                Assert.Null(error);
            }
            else
            {
                Assert.True(error is ArgumentException or InvalidOperationException, $"{what}: expected an error, found {error?.GetType().Name ?? "none"}");
            }
        }
    }

    /// <summary>Python takes negative indices and counts; they lead to levels above sigma_max and to an empty schedule.</summary>
    private static bool OursIsStricter(JsonElement args) =>
        args.Optional("timesteps")?.Ints().Any(index => index < 0) == true || args.Optional("num_inference_steps")?.GetInt32() < 0;

    private static void Call(CMStochasticIterativeScheduler scheduler, string call, JsonElement args)
    {
        var image = new float[4];
        switch (call)
        {
            case "set_timesteps":
                scheduler.SetTimesteps(args.Optional("num_inference_steps")?.GetInt32(), args.Optional("timesteps")?.Ints());
                break;
            case "step":
                scheduler.Step(image, Timestep(args), image, image, new float[4]);
                break;
            case "scale_model_input":
                scheduler.ScaleModelInput(image, Timestep(args), new float[4]);
                break;
            case "step twice after set_timesteps(1)":
                scheduler.SetTimesteps(1);
                var timestep = scheduler.Timesteps[0];
                scheduler.Step(image, timestep, image, [], image);
                scheduler.Step(image, timestep, image, [], image);
                break;
            default:
                Assert.Fail($"no such call: {call}");
                break;
        }
    }

    private static double Timestep(JsonElement args) =>
        double.Parse(Number().Match(args.GetString()!).Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\d+(\.\d+)?")]
    private static partial Regex Number();
}
