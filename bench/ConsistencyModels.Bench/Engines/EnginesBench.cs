using System.Text.Json;
using ConsistencyModels.Cpu;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Bench.Engines;

/// <summary>
/// The engine against libtorch and ONNX Runtime on the same networks. Each contender has a process of its own that is kept; rounds
/// go through all of them, each round in another order, so that whatever else the machine does falls on all alike.
/// </summary>
internal static class EnginesBench
{
    // Rounds for plans, arenas, caches and the JIT.
    private const int WarmUps = 2;

    public static int Run(string[] args)
    {
        var options = EnginesOptions.Parse(args);
        if (options.Contenders.Contains(Contender.Native))
        {
            Console.Error.WriteLine("publishing the native program");
            CmPrograms.Publish(Contender.Native);
        }

        List<Result> results = [];
        List<MemoryResult> memory = [];
        var loadBefore = LoadAverage();
        foreach (var name in options.Models)
        {
            Console.Error.WriteLine($"{name}: writing the model");
            using var model = new BenchModel(name, options.Contenders.Contains(Contender.Onnx));
            foreach (var threads in options.Threads)
            {
                Compare(model, threads, options, results, memory);
            }
        }

        EnginesReport.Publish(options, results, memory, loadBefore);
        if (options.Json is { } path)
        {
            File.WriteAllText(path, JsonSerializer.Serialize(
                new { date = DateTimeOffset.Now, machine = Report.Machine(), loadBefore, results, memory },
                new JsonSerializerOptions { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase }) + "\n");
        }

        return 0;
    }

    private static void Compare(BenchModel model, int threads, EnginesOptions options, List<Result> results, List<MemoryResult> memory)
    {
        List<ContenderProcess> contenders = [];
        try
        {
            foreach (var name in options.Contenders)
            {
                // One after the other: loading is measured too.
                contenders.Add(new ContenderProcess(name, model, threads));
                Console.Error.WriteLine($"{model.Name}, {threads} threads: {name} loaded in {contenders[^1].LoadSeconds:F1} s");
            }

            foreach (var batch in options.Batches.Count > 0 ? options.Batches : model.Batches)
            {
                results.AddRange(Rounds(model, threads, batch, options.RoundsAt(batch), contenders));
                foreach (var contender in contenders)
                {
                    var (steady, peak) = contender.Memory();
                    memory.Add(new(model.Name, contender.Name, threads, contender.LoadSeconds, batch, steady, peak, model.WeightBytes));
                }
            }
        }
        finally
        {
            contenders.ForEach(contender => contender.Dispose());
        }
    }

    private static IEnumerable<Result> Rounds(BenchModel model, int threads, int batch, int rounds, List<ContenderProcess> contenders)
    {
        var seconds = contenders.Select(_ => new List<double>()).ToList();
        var peak = 0.0;
        for (var round = 1 - WarmUps; round <= rounds; round++)
        {
            for (var turn = 0; turn < contenders.Count; turn++)
            {
                var who = (turn + round + WarmUps) % contenders.Count;
                var time = contenders[who].Forward(batch);

                if (round > 0)
                {
                    seconds[who].Add(time);
                }
            }

            // The best of all: what the processor can do when it is left alone.
            peak = Math.Max(peak, FmaPeak.Measure(threads));
            Console.Error.WriteLine($"{model.Name}, {threads} threads, batch {batch}: round {round} of {rounds}");
        }

        var operations = batch * NetworkWork.DirectOperations(model.Network, model.Size);
        return contenders.Select((contender, i) => new Result(model.Name, contender.Name, threads, batch, seconds[i], peak, operations));
    }

    private static string LoadAverage() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";
}
