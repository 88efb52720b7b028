namespace ConsistencyModels.Bench.Engines;

/// <summary>What a second thread is worth: the same network in two processes, one of them with one thread, in turns.</summary>
internal static class ThreadsBench
{
    private const int Rounds = 11;
    private const int WarmUps = 2;

    private static readonly (string Model, int Batch)[] Cases = [(BenchModel.Bundled, 1), (BenchModel.Bundled, 16), ("imagenet64", 1), ("imagenet64", 4)];

    public static int Run(string[] args)
    {
        var (file, _) = Report.Arguments(args);
        var report = new Report("A second thread")
            .Line($"Time with one thread over that with two; each a process that is stopped while the others run, medians of the ratios of {Rounds} rounds, from the lower to the upper quartile.\n")
            .Line($"| model | batch | engine | ONNX Runtime |\n|---|---|---|---|");
        foreach (var group in Cases.GroupBy(c => c.Model))
        {
            using var model = new BenchModel(group.Key, onnx: true);
            foreach (var (_, batch) in group)
            {
                report.Line($"| {model.Name} | {batch} | {Compare(Contender.Engine, model, batch)} | {Compare(Contender.Onnx, model, batch)} |");
            }
        }

        report.Publish(file);
        return 0;
    }

    private static string Compare(string contender, BenchModel model, int batch)
    {
        using var one = new ContenderProcess(contender, model, 1);
        using var two = new ContenderProcess(contender, model, 2);
        var ratios = new List<double>();
        for (var round = -WarmUps; round < Rounds; round++)
        {
            // The order changes, so that neither always follows the other.
            var (first, second) = round % 2 == 0 ? (one, two) : (two, one);
            var (a, b) = (first.Forward(batch), second.Forward(batch));
            if (round >= 0)
            {
                ratios.Add(first == one ? a / b : b / a);
            }
        }

        ratios.Sort();
        return FormattableString.Invariant($"{Report.Median(ratios):F2} ({ratios[Rounds / 4]:F2} to {ratios[Rounds - 1 - (Rounds / 4)]:F2})");
    }
}
