using System.Globalization;
using System.Text.RegularExpressions;
using ConsistencyModels.Training.Objectives.Levels;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>Easy consistency tuning's table of r for t at several stages and settings, which the tensors' names spell out.</summary>
internal sealed partial class EctScheduleCheck : IGoldenCheck
{
    private const double Relative = 1e-6;

    public string Kind => "ect_schedule";

    public void Check(GoldenCase golden)
    {
        var t = golden.Floats("t");
        var largest = t.Max();
        foreach (var expected in golden.Json.Get("ratios").EnumerateObject())
        {
            var name = Name().Match(expected.Name);
            Assert.True(name.Success, expected.Name);
            var adjustment = name.Groups["adj"].Value == "const" ? EctAdjustment.Constant : EctAdjustment.Sigmoid;
            var schedule = new EctSchedule(Number(name, "q"), Number(name, "k"), Number(name, "b"), Adjustment: adjustment);
            var stage = (int)Number(name, "stage");
            Assert.Equal(expected.Value.GetDouble(), 1 - schedule.Decay(stage), 1e-15);
            Near.Equal(golden.Floats(expected.Name), Array.ConvertAll(t, value => schedule.MapToR(value, stage)), Relative, Relative * 1e-3 * largest, expected.Name);
        }
    }

    private static double Number(Match name, string group) => double.Parse(name.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^r_(?<adj>const|sigmoid)_q(?<q>[\d.]+)_k(?<k>[\d.]+)_b(?<b>[\d.]+)_stage(?<stage>\d+)$")]
    private static partial Regex Name();
}
