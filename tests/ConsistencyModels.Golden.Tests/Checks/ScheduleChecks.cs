using System.Globalization;
using System.Text.RegularExpressions;
using ConsistencyModels.Denoising;
using ConsistencyModels.Golden.Tests.Training;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Objectives.Levels;
using ConsistencyModels.Training.Objectives.Metrics;
using ConsistencyModels.Training.Objectives.Schedules;
using ConsistencyModels.Training.Objectives.Weights;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>openai's create_ema_and_scales_fn: N and the target's decay at many steps, for every pair of modes.</summary>
internal sealed class EmaAndScalesCheck : IGoldenCheck
{
    public string Kind => "ema_and_scales";

    public void Check(GoldenCase golden)
    {
        golden.Json.Ignore("note", "words");
        foreach (var arguments in golden.Json.Objects("cases"))
        {
            var schedule = Schedule(arguments);
            var total = arguments.Int("total_steps");
            foreach (var row in arguments.Get("table_step_ema_scales").EnumerateArray())
            {
                var clock = new TrainingClock(row[0].GetInt64(), 0, total);
                Assert.Equal(row[2].GetInt32(), schedule!.Scales(clock));
                Assert.Equal(row[1].GetDouble(), schedule.TargetDecay(clock), 1e-12);
            }
        }

        // The one pair that the original refuses has no schedule here either.
        if (golden.Json.Has("adaptive+fixed"))
        {
            Assert.Equal("NotImplementedError", golden.Json.Object("adaptive+fixed").Text("type"));
            golden.Json.Object("adaptive+fixed").Ignore("message", "empty in the original");
            Assert.Null(Of("adaptive", "fixed", 2, 2, 0.9, 1));
        }
    }

    internal static IScaleSchedule? Schedule(GoldenArguments arguments) => Of(
        arguments.Text("target_ema_mode"),
        arguments.Text("scale_mode"),
        arguments.Int("start_scales"),
        arguments.Int("end_scales"),
        arguments.Number("start_ema"),
        arguments.Int("distill_steps_per_iter"));

    private static IScaleSchedule? Of(string emaMode, string scaleMode, int start, int end, double ema, int stage) => (emaMode, scaleMode) switch
    {
        ("fixed", "fixed") => new FixedScales(start, ema),
        ("fixed" or "adaptive", "progressive") => new GrowingScales(start, end, ema, emaMode == "adaptive"),
        ("fixed", "progdist") => new HalvingScales(start, stage),
        _ => null,
    };
}

/// <summary>Improved consistency training's doubling N, by the script in diffusers.</summary>
internal sealed class DoublingScalesCheck : IGoldenCheck
{
    public string Kind => "ict_curriculum";

    public void Check(GoldenCase golden)
    {
        foreach (var arguments in golden.Json.Objects("cases"))
        {
            var schedule = new DoublingScales(arguments.Int("s_0"), arguments.Int("s_1"));
            var total = arguments.Int("max_train_steps");
            foreach (var row in arguments.Get("step_N").EnumerateArray())
            {
                Assert.Equal(row[1].GetInt32(), schedule.Scales(new TrainingClock(row[0].GetInt64(), 0, total)));
            }
        }
    }
}

/// <summary>
/// The pseudo-Huber loss as diffusers' script has it: value by value, with the weights of improved consistency training. The paper has
/// the sum of squares of an image under one root, which is the other metric.
/// </summary>
internal sealed class ImprovedLossCheck : IGoldenCheck
{
    public string Kind => "ict_loss";

    public void Check(GoldenCase golden)
    {
        golden.Json.Ignore("note", "words");
        var shape = TrainingCases.ShapeOf(golden, "student");
        var c = golden.Json.Number("huber_c");
        Assert.Equal(0.00054 * Math.Sqrt(shape.ImageLength), c, 1e-9);
        var scales = golden.Json.Int("num_discretization_steps");
        var pairs = ImprovedTablesCheck.Pairs(scales);
        var weights = Array.ConvertAll(golden.Longs("indices"), index => new GapWeight().Of(pairs[scales - 2 - (int)index]));
        Near.Equal(golden.Floats("lambda"), weights, 2e-5, 0, "lambda");

        var distances = new float[shape.Batch];
        var gradient = new float[shape.Length];
        new ValuewisePseudoHuberMetric().Measure(golden.Floats("student"), golden.Floats("teacher"), shape, distances, gradient);
        var losses = distances.Zip(weights, (distance, weight) => distance * weight).ToArray();
        var expected = golden.Floats("loss_elementwise").Chunk(shape.ImageLength).Select(values => values.Average()).ToArray();
        Near.Equal(expected, losses, 2e-5, 1e-8, "losses");
        Near.Equal(golden.Floats("loss_mean"), [losses.Average()], 2e-5, 0, "loss_mean");
        for (var i = 0; i < gradient.Length; i++)
        {
            gradient[i] *= weights[i / shape.ImageLength] / shape.Batch;
        }

        Near.EqualToScale(golden.Floats("grad_student"), gradient, 2e-5, "grad_student");
    }
}

/// <summary>
/// Improved consistency training's tables: levels, their probabilities and weights. Of the script's preconditioning the check holds what
/// is right, and how the rest differs from the paper, which we follow: its c_in lacks a root, its c_out σ_data.
/// </summary>
internal sealed partial class ImprovedTablesCheck : IGoldenCheck
{
    private const double Relative = 2e-5;

    public string Kind => "ict_tables";

    public void Check(GoldenCase golden)
    {
        golden.Json.Ignore("warning", "words, which the check follows");
        foreach (var name in golden.Names().Where(name => Table().IsMatch(name)))
        {
            var table = Table().Match(name);
            var scales = int.Parse(table.Groups["n"].Value, CultureInfo.InvariantCulture);
            var pairs = Pairs(scales);
            float[] sigmas = [.. pairs.Select(pair => pair.From), pairs[^1].To];
            switch (table.Groups["what"].Value)
            {
                case "sigmas":
                    Near.Equal(golden.Floats(name).Reverse().ToArray(), sigmas, Relative, 0, name);
                    break;
                case "lambda":
                    // Differences of neighbours: one unit in the last place of a level shows.
                    Near.Equal(golden.Floats(name).Reverse().ToArray(), [.. pairs.Select(new GapWeight().Of)], 2e-3, 0, name);
                    break;
                case "lognormal_weights_from_f64":
                    var weights = LogNormalChoice.Weights(sigmas, -1.1, 2.0).Select(weight => (float)weight).Reverse().ToArray();
                    Near.Equal(golden.Floats(name), weights, 2e-3, 1e-7, name);
                    break;
                default:
                    golden.Ignore(name, "single precision cancels there; the same in double precision is compared");
                    break;
            }
        }

        var sigma = golden.Floats("sigma");
        Near.Equal(golden.Floats("c_noise_none"), sigma, 0, 0, "c_noise_none");
        Near.Equal(golden.Floats("c_noise_cm"), Array.ConvertAll(sigma, Preconditioning.CNoise), 1e-6, 1e-3, "c_noise_cm");
        Near.Equal(golden.Floats("c_noise_edm"), Array.ConvertAll(sigma, s => Preconditioning.CNoise(s) / 1000), 1e-6, 1e-6, "c_noise_edm");
        var edm = Preconditioning.Edm();
        Near.Equal(golden.Floats("c_in_cm"), Array.ConvertAll(sigma, s => edm.CIn(s) * edm.CIn(s)), 1e-6, 0, "c_in_cm");
        Near.Equal(golden.Floats("c_skip"), Array.ConvertAll(sigma, edm.CSkip), 1e-6, 1e-9, "c_skip");
        Near.Equal(golden.Floats("c_out"), Array.ConvertAll(sigma, s => (float)(edm.COut(s) / edm.SigmaData)), 1e-6, 0, "c_out");
    }

    /// <summary>The neighbours of a grid of N levels, descending.</summary>
    internal static LevelPair[] Pairs(int scales)
    {
        var shape = new ImageShape(scales - 1, 1, 1, 1);
        var places = Enumerable.Range(0, scales - 1).Select(i => (long)i).ToArray();
        var batch = TrainingCases.Batch(shape, new float[scales - 1], new float[scales - 1], [], places, scales - 1);
        var pairs = new LevelPair[scales - 1];
        new GridLevels(new FixedScales(scales), new UniformChoice()).Draw(batch, default, pairs);
        return pairs;
    }

    [GeneratedRegex(@"^(?<what>sigmas|lognormal_weights|lognormal_weights_from_f64|lambda)_N(?<n>\d+)$")]
    private static partial Regex Table();
}
