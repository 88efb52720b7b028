using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>
/// Which calls fail. Where Python fails, so must we, by an exception that names the argument and says what was found in it; where
/// it does not, we may refuse only what is listed here.
/// </summary>
internal sealed partial class SchedulerErrorsCheck : IGoldenCheck
{
    private static readonly float[] Image = new float[4];

    public string Kind => "scheduler_errors";

    public void Check(GoldenCase golden)
    {
        foreach (var item in golden.Json.Objects("cases"))
        {
            var config = SchedulerTraceCheck.ConfigOf(item);
            var scheduler = new CMStochasticIterativeScheduler(config);
            var what = item.Object("what");
            var name = what.Text("call");
            var call = what.Get("args").ValueKind == JsonValueKind.Object
                ? SetTimesteps(scheduler, name, what.Object("args"), config.NumTrainTimesteps)
                : Step(scheduler, name, what.Text("args"));
            var error = Record.Exception(call.Action);
            if (item.Find("error") is null && !call.OursIsStricter)
            {
                Assert.True(error is null, $"{name} {what.Get("args")}: {error}");
                continue;
            }

            Assert.True(error?.GetType().IsAssignableTo(call.Error), $"{name} {what.Get("args")}: expected {call.Error.Name}, found {error?.GetType().Name ?? "none"}");
            Assert.Equal(call.Parameter, (error as ArgumentException)?.ParamName);
            Assert.All(call.Says, part => Assert.Contains(part, error!.Message, StringComparison.Ordinal));
        }
    }

    // What is wrong with the arguments, in the order in which they are looked at.
    private static Refusal SetTimesteps(CMStochasticIterativeScheduler scheduler, string name, GoldenArguments arguments, int count)
    {
        Assert.Equal("set_timesteps", name);
        var steps = arguments.Find("num_inference_steps")?.GetInt32();
        var timesteps = arguments.Find("timesteps") is null ? null : arguments.Ints("timesteps");
        void Action() => scheduler.SetTimesteps(steps, timesteps);
        const string List = "timesteps";
        switch (steps, timesteps)
        {
            case (null, null):
                return new(Action, typeof(ArgumentException), List, "neither");
            case ({ } given, null):
                // Python takes a negative number and makes an empty schedule of it.
                return new(Action, typeof(ArgumentOutOfRangeException), "numInferenceSteps", Text(given), Text(count)) { OursIsStricter = given < 0 };
            case (null, []):
                return new(Action, typeof(ArgumentException), List, "empty");
            case (null, { } list):
                var place = Enumerable.Range(1, list.Length - 1).FirstOrDefault(i => list[i] >= list[i - 1]);
                return place > 0
                    ? new(Action, typeof(ArgumentException), List, Text(list[place]), Text(list[place - 1]))

                    // Python takes negative indices, which lead to levels above sigma_max.
                    : new(Action, typeof(ArgumentOutOfRangeException), List, Text(list[0]), Text(list[^1]), Text(count)) { OursIsStricter = list[^1] < 0 };
            default:
                return new(Action, typeof(ArgumentException), List, "both");
        }
    }

    // "timestep 3.25 not in scheduler.timesteps"
    private static Refusal Step(CMStochasticIterativeScheduler scheduler, string name, string arguments)
    {
        var timestep = Number(arguments);
        switch (name)
        {
            case "step":
                return new(() => scheduler.Step(Image, timestep, Image, Image, new float[4]), typeof(ArgumentException), "timestep", Text(timestep));
            case "scale_model_input":
                return new(() => scheduler.ScaleModelInput(Image, timestep, new float[4]), typeof(ArgumentException), "timestep", Text(timestep));
            default:
                Assert.StartsWith("step twice after set_timesteps(", name, StringComparison.Ordinal);
                var steps = (int)Number(name);
                scheduler.SetTimesteps(steps);
                Assert.Equal(1, steps);
                scheduler.Step(Image, scheduler.Timesteps[0], Image, [], new float[4]);
                return new(() => scheduler.Step(Image, scheduler.Timesteps[0], Image, [], new float[4]), typeof(InvalidOperationException), null, $"All {steps}");
        }
    }

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);

    private static double Number(string text) => double.Parse(NumberIn().Match(text).Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\d+(\.\d+)?")]
    private static partial Regex NumberIn();

    /// <summary>A call, and how it has to fail if it fails.</summary>
    private sealed record Refusal(Action Action, Type Error, string? Parameter, params string[] Says)
    {
        public bool OursIsStricter { get; init; }
    }
}
