using ConsistencyModels.Denoising;
using ConsistencyModels.Golden.Tests.Training;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Objectives.Levels;
using ConsistencyModels.Training.Objectives.Schedules;
using ConsistencyModels.Training.Objectives.Targets;
using ConsistencyModels.Training.Objectives.Weights;
using ConsistencyModels.Training.Optimization;
using ConsistencyModels.Training.Steps;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>
/// A few steps of openai's training loop: losses, norms, schedules, and where parameters, target and averages end. Its micro-batches
/// add up the gradients of their own means; ours are divided by the whole batch, so here the parts are added with that divisor.
/// </summary>
internal sealed class TrajectoryCheck : IGoldenCheck
{
    private const double Relative = 1e-3;

    public string Kind => "training_trajectory";

    public void Check(GoldenCase golden)
    {
        foreach (var engine in TrainingCases.Engines)
        {
            Check(golden, engine);
        }
    }

    private static void Check(GoldenCase golden, ITrainingEngine engine)
    {
        var json = golden.Json;
        json.Ignore("how", "words");
        json.Ignore("order_in_a_step", "words, which TrainingStep follows");
        Assert.Equal("copy of the model", json.Object("weights").Text("target"));
        using var network = TrainingCases.Trainable(engine, golden);
        using var model = json.Object("weights").Find("teacher")?.GetString() is null ? null : TrainingCases.Open(golden, "teacher");
        using var teacher = model is null ? null : TrainingCases.Load(model);
        var schedule = EmaAndScalesCheck.Schedule(json.Object("schedule"))!;
        var total = json.Object("schedule").Int("total_steps");
        var objective = Objective(golden, schedule, teacher is not null);
        var rates = json.Text("ema_rate").Split(',').Select(rate => double.Parse(rate, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        using var state = new TrainingState(network, objective, [.. rates.Select(AverageOptions.OfRate)]);
        state.StartFromParameters();
        var betas = json.Numbers("betas");
        var optimizer = new Optimizer(OptimizerKind.RAdam, betas[0], betas[1], json.Number("eps"), json.Number("weight_decay"));
        var step = new TrainingStep(state, optimizer, teacher is null ? null : new(teacher, Preconditioning.Edm()));
        var size = golden.Shape("data");
        Assert.Equal(json.Int("batch_size"), size[1]);
        var shape = new ImageShape(size[1], size[2], size[3], size[4]);
        var micro = json.Int("microbatch") > 0 ? json.Int("microbatch") : shape.Batch;
        var (data, noise, labels, places) = (golden.Floats("data"), golden.Floats("noise"), golden.Labels(), golden.Longs("indices"));
        for (var k = 0; k < size[0]; k++)
        {
            var clock = new TrainingClock(k, (long)k * shape.Batch, total);
            Schedule(golden, k, schedule, clock);
            var batch = TrainingCases.Batch(
                shape,
                data[(k * shape.Length)..((k + 1) * shape.Length)],
                noise[(k * shape.Length)..((k + 1) * shape.Length)],
                labels[(k * shape.Batch)..((k + 1) * shape.Batch)],
                places[(k * shape.Batch)..((k + 1) * shape.Batch)],
                schedule.Scales(clock) - 1);
            network.Gradients.Clear();
            var losses = new float[shape.Batch];
            for (var first = 0; first < shape.Batch; first += micro)
            {
                var count = Math.Min(micro, shape.Batch - first);
                step.Accumulate(batch.Slice(first, count), clock, count, losses.AsSpan(first, count));
            }

            Near.EqualToScale(golden.Floats("losses").AsSpan(k * shape.Batch, shape.Batch), losses, Relative, $"losses of step {k}");
            Assert.Equal(TrainingCases.Numbers(json.Get("loss_mean_per_step"))[k], losses.Average(), losses.Average() * Relative);

            // openai's loop takes the parameters' norm before the step.
            var norms = TrainingCases.Numbers(json.Get("grad_norm_and_param_norm_per_step")[k]);
            Near.Equal([norms[1]], [network.Parameters.Norm()], 1e-5, 0, $"norm of the parameters before step {k}");
            var result = step.Finish(losses.Average(), clock, Rate(golden, k, total), shape.Batch);
            Near.Equal([norms[0]], [result.GradientNorm], 5 * Relative, 0, $"norm of the gradient of step {k}");
            Output(golden, k, state);
        }

        Ends(golden, state);
    }

    private static double Rate(GoldenCase golden, int step, int total)
    {
        var rate = golden.Json.Number("lr");
        var anneal = golden.Json.Int("lr_anneal_steps");
        Assert.True(total > 0);

        // Annealing happens after a step, by the steps that are done.
        var used = anneal > 0 ? rate * (1 - ((double)step / anneal)) : rate;
        Assert.Equal(TrainingCases.Numbers(golden.Json.Get("lr_used_at_step"))[step], used, 1e-12);
        return used;
    }

    private static void Schedule(GoldenCase golden, int step, IScaleSchedule schedule, TrainingClock clock)
    {
        var row = golden.Json.Get("step_ema_scales")[step];
        Assert.Equal((row[0].GetInt64(), row[2].GetInt32()), (clock.Step, schedule.Scales(clock)));
        Assert.Equal(row[1].GetDouble(), schedule.TargetDecay(clock), 1e-12);
    }

    private static void Output(GoldenCase golden, int step, TrainingState state)
    {
        const string name = "out.2.weight";
        var expected = TrainingCases.Numbers(golden.Json.Get($"norm_of_{name}_model_then_target_after_step")[step]);
        double[] found = [Norm(Tensors(state, state.Network.Parameters)[name]), Norm(Tensors(state, state.Target!)[name])];
        Near.Equal(expected, found, 1e-5, 0, $"norms of {name} after step {step}");
    }

    private static void Ends(GoldenCase golden, TrainingState state)
    {
        var parameters = Tensors(state, state.Network.Parameters);
        foreach (var name in golden.Names("final."))
        {
            Near.EqualToScale(golden.Floats(name), parameters[name["final.".Length..]], Relative, name);
        }

        Statistics(golden.Json.Object("target_statistics"), Tensors(state, state.Target!), "target");
        var averages = golden.Json.Object("ema_statistics");
        for (var i = 0; i < state.Averages.Count; i++)
        {
            Statistics(averages.Object(state.AverageOptions[i].ToString()), Tensors(state, state.Averages[i]), $"average {i}");
        }
    }

    private static void Statistics(GoldenArguments recorded, Dictionary<string, float[]> found, string what)
    {
        Assert.Equal(recorded.Keys.Order(StringComparer.Ordinal), found.Keys.Order(StringComparer.Ordinal));
        foreach (var name in recorded.Keys)
        {
            var one = recorded.Object(name);
            var norm = one.Number("norm");
            Near.Equal([norm], [Norm(found[name])], Relative, 1e-6, $"{what}: norm of {name}");
            Near.Equal([one.Number("sum")], [found[name].Sum(value => (double)value)], Relative, Relative * norm, $"{what}: sum of {name}");
            Near.Equal(one.Numbers("first3"), [.. found[name].Take(3).Select(value => (double)value)], Relative, Relative * norm, $"{what}: {name}");
        }
    }

    private static Dictionary<string, float[]> Tensors(TrainingState state, IParameterBuffer buffer)
    {
        using var source = ParameterFiles.AsTensors(state.Network.Description, buffer);
        return TrainingCases.OpenAiTensors(source, state.Network.Description.Config);
    }

    private static double Norm(float[] values) => Math.Sqrt(values.Sum(value => (double)value * value));

    private static Objective Objective(GoldenCase golden, IScaleSchedule schedule, bool distills)
    {
        Assert.Equal(distills ? "cd" : "ct", golden.Json.Text("mode"));
        return new()
        {
            Name = "recorded",
            Makes = ModelKind.Consistency,
            Levels = new GridLevels(schedule, new UniformChoice()),
            Target = new ConsistencyTarget(distills ? OdeStep.Heun : OdeStep.Data, NetworkRole.Target),
            Weight = new ScheduleWeight(TrainingCases.Weighting(golden.Json.Text("weight_schedule"))),
            Metric = TrainingCases.Metric(golden.Json.Text("loss_norm")),
            Preconditioning = Preconditioning.Consistency(),
            Scheduler = new(),
            Settings = new Dictionary<string, string>(),
        };
    }
}
