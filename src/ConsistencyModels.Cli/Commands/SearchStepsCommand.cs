using System.CommandLine;
using ConsistencyModels.Cli.Help;
using System.Globalization;
using ConsistencyModels.Cli.Searching;
using ConsistencyModels.Models;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm search-steps</c>.</summary>
internal static class SearchStepsCommand
{
    private const int DefaultSamples = 128;

    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context)
    {
        var reference = Options.Text("--reference", "A folder of pictures to come close to, best ones that the model was not trained on; required", "FOLDER");
        reference.Required = true;
        var steps = Options.Whole("--steps", "Network calls; default: 2", 2, 16);
        var samples = Options.Whole("--samples", "Pictures generated for each candidate, and read from --reference twice as many at most; default: 128", 2, 100_000);
        var seed = Options.Seed("--seed", "Seed of the first picture; every candidate has the same; default: 0");
        var json = Options.Switch("--json", "Print the result as JSON");
        var quiet = Options.Switch("--quiet", "Print nothing but the result", "-q");
        var engine = new EngineArguments(context.Engines);
        var command = new CliCommand(
            "search-steps",
            "Find the best timesteps for sampling in a few steps by ternary search. The distance is one of colours and edges, made "
            + "without a trained network: it ranks timesteps of one model, but it is not FID and does not compare models.",
            "cm search-steps --reference held-out/            # two steps of the bundled model",
            "cm search-steps -m FOLDER --reference held-out/ --steps 3 --samples 512")
        {
            reference, steps, samples, seed, json, quiet,
        };
        engine.AddTo(command);
        command.SetAction(result =>
        {
            var console = context.Console.Quiet(result.GetValue(quiet));
            return Run(
                context,
                console,
                engine.Read(result),
                result.GetValue(reference)!,
                result.GetValue(steps) ?? 2,
                result.GetValue(samples) ?? DefaultSamples,
                result.GetValue(seed) ?? 0,
                result.GetValue(json));
        });
        return command;
    }

    private static int Run(CommandContext context, CliConsole console, EngineSettings engine, string folder, int steps, int samples, ulong seed, bool json)
    {
        using var model = engine.Model.Open(console, context.Cancellation);
        if (model.Kind != ModelKind.Consistency)
        {
            throw new ConsistencyModelsException("this is a diffusion model, and timesteps are for multistep sampling; expected a consistency model");
        }

        var levels = model.Scheduler.NumTrainTimesteps;
        if (steps >= levels)
        {
            throw new ConsistencyModelsException($"--steps is {steps}, but the model has {levels} noise levels; expected fewer steps");
        }

        var size = model.Config.SampleSize ?? throw new ConsistencyModelsException("the model does not say which size it was made for");
        var (values, shape) = ReferencePictures.Read(folder, new ImageShape(1, model.Config.InChannels, size.Height, size.Width), 2 * samples);
        using var pipeline = Spinner.For(console, "loading the model", _ => engine.Load(model, context.Cancellation));
        var objective = new StepObjective(pipeline, values, shape, samples, seed, engine.Chunk == 0 ? null : engine.Chunk);
        var (ts, value) = Spinner.For(console, "searching", report => StepSearch.Greedy(
            steps,
            levels,
            candidate => objective.Search(candidate, new SynchronousProgress<SamplingProgress>(progress => report(progress.Fraction, $"timesteps {Text(StepObjective.Diffusers(candidate))}")), context.Cancellation),
            (candidate, distance) => console.Error.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"timesteps {Text(StepObjective.Diffusers(candidate))}: distance {distance:F4}"))));
        var best = StepObjective.Diffusers(ts);
        Report(context, console, json, best, value, objective.HeldOut(best, context.Cancellation), objective.HeldOut([0], context.Cancellation), objective.Floor);
        return ExitCode.Fine;
    }

    private static void Report(CommandContext context, CliConsole console, bool json, int[] best, double value, double heldOut, double oneStep, double floor)
    {
        if (json)
        {
            JsonText.Write(context.Console.Out, writer =>
            {
                writer.WriteStartArray("timesteps");
                foreach (var index in best)
                {
                    writer.WriteNumberValue(index);
                }

                writer.WriteEndArray();
                writer.WriteNumber("distance", value);
                writer.WriteNumber("held_out_distance", heldOut);
                writer.WriteNumber("held_out_distance_one_step", oneStep);
                writer.WriteNumber("distance_within_reference", floor);
            });
            return;
        }

        context.Console.Out.WriteLine($"--timesteps {Text(best)}");
        console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"distance to pictures held out: {heldOut:F4}, in one step {oneStep:F4}; two halves of the reference are {floor:F4} apart"));
    }

    private static string Text(IReadOnlyList<int> timesteps) => string.Join(',', timesteps);
}
