using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>
/// Which calls fail. Where Python fails, so must we, by an exception that names the argument and says what was found in it; where
/// it does not, we may refuse only what <see cref="ScheduleFault"/> lists.
/// </summary>
internal sealed partial class SchedulerErrorsCheck : IGoldenCheck
{
    private const string Twice = "step twice after set_timesteps(";

    private static readonly float[] Image = new float[4];

    public string Kind => "scheduler_errors";

    public void Check(GoldenCase golden)
    {
        foreach (var item in golden.Json.Objects("cases"))
        {
            var scheduler = new CMStochasticIterativeScheduler(SchedulerTraceCheck.ConfigOf(item));
            var what = item.Object("what");
            var name = what.Text("call");
            var (call, fault) = what.Get("args").ValueKind == JsonValueKind.Object
                ? SetTimesteps(scheduler, name, what.Object("args"))
                : Step(scheduler, name, what.Text("args"));
            var error = Record.Exception(call);
            if (item.Find("error") is null && fault?.OursIsStricter != true)
            {
                Assert.True(error is null, $"{name} {what.Get("args")}: {error}");
                continue;
            }

            Assert.True(fault is not null, $"{name} {what.Get("args")}: the check sees nothing wrong");
            Assert.True(error?.GetType() == fault.Error, $"{name} {what.Get("args")}: expected {fault.Error.Name}, found {error?.GetType().Name ?? "none"}");
            Assert.Equal(fault.Parameter, (error as ArgumentException)?.ParamName ?? "");
            Assert.All(fault.Says, part => Assert.Contains(part, error!.Message, StringComparison.Ordinal));
        }
    }

    private static (Action Call, ScheduleFault? Fault) SetTimesteps(CMStochasticIterativeScheduler scheduler, string name, GoldenArguments arguments)
    {
        Assert.Equal("set_timesteps", name);
        var steps = arguments.Find("num_inference_steps")?.GetInt32();
        var timesteps = arguments.Find("timesteps") is null ? null : arguments.Ints("timesteps");
        return (() => scheduler.SetTimesteps(steps, timesteps), ScheduleFault.Of(steps, timesteps, scheduler.Config.NumTrainTimesteps));
    }

    // Recorded in words, such as "timestep 3.25 not in scheduler.timesteps".
    private static (Action Call, ScheduleFault Fault) Step(CMStochasticIterativeScheduler scheduler, string name, string words)
    {
        if (name.StartsWith(Twice, StringComparison.Ordinal))
        {
            Assert.Equal(1, Number(name));
            scheduler.SetTimesteps(1);
            var only = scheduler.Timesteps[0];
            scheduler.Step(Image, only, Image, [], new float[Image.Length]);
            return (() => scheduler.Step(Image, only, Image, [], new float[Image.Length]), new(typeof(InvalidOperationException), "", "All 1 steps"));
        }

        var timestep = Number(words);
        var fault = new ScheduleFault(typeof(ArgumentException), "timestep", timestep.ToString(CultureInfo.InvariantCulture));
        return name switch
        {
            "step" => (() => scheduler.Step(Image, timestep, Image, Image, new float[Image.Length]), fault),
            "scale_model_input" => (() => scheduler.ScaleModelInput(Image, timestep, new float[Image.Length]), fault),
            var other => throw new InvalidOperationException($"No call is \"{other}\"."),
        };
    }

    private static double Number(string text) => double.Parse(NumberIn().Match(text).Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\d+(\.\d+)?")]
    private static partial Regex NumberIn();
}
