using System.Globalization;

namespace ConsistencyModels.Bench.Engines;

/// <summary>What the comparison of engines is asked for.</summary>
internal sealed record EnginesOptions
{
    private const int DefaultRounds = 7;

    /// <summary>Names of networks: presets of <c>cm new</c>, or "tiles", the bundled model.</summary>
    public IReadOnlyList<string> Models { get; init; } = [BenchModel.Bundled, "imagenet64", "lsun256"];

    /// <summary>Batch sizes, or none for each model's own.</summary>
    public IReadOnlyList<int> Batches { get; init; } = [];

    /// <summary>Numbers of threads.</summary>
    public IReadOnlyList<int> Threads { get; init; } = [1, 2];

    /// <summary>Who takes part; the first is what ratios are to.</summary>
    public IReadOnlyList<string> Contenders { get; init; } = Contender.Names;

    /// <summary>Measured rounds at batch 1; larger batches get fewer.</summary>
    public int Rounds { get; init; } = DefaultRounds;

    /// <summary>A file whose section of this name is replaced, or null.</summary>
    public string? Markdown { get; init; }

    /// <summary>A file for all numbers, or null.</summary>
    public string? Json { get; init; }

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="ArgumentException">One of them is unknown or has no value.</exception>
    public static EnginesOptions Parse(string[] args)
    {
        var options = new EnginesOptions();
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] == "--quick")
            {
                options = options with { Models = ["imagenet64"], Batches = [1], Rounds = 2 };
                continue;
            }

            if (i + 1 == args.Length)
            {
                throw new ArgumentException($"{args[i]} needs a value.");
            }

            var value = args[i + 1];
            options = args[i++] switch
            {
                "--model" => options with { Models = value.Split(',') },
                "--batch" => options with { Batches = Numbers(value) },
                "--threads" => options with { Threads = Numbers(value) },
                "--contender" => options with { Contenders = value.Split(',') },
                "--rounds" => options with { Rounds = Numbers(value)[0] },
                "--write" => options with { Markdown = value },
                "--json" => options with { Json = value },
                _ => throw new ArgumentException($"{args[i - 1]} is no option of this program."),
            };
        }

        return options;
    }

    /// <summary>Rounds at a batch size: a third of a large batch's time says as much.</summary>
    public int RoundsAt(int batch) => Math.Max(Math.Min(Rounds, 3), Rounds / (batch >= 16 ? 3 : batch > 1 ? 2 : 1));

    private static int[] Numbers(string list) =>
        [.. list.Split(',').Select(word => int.Parse(word, NumberStyles.None, CultureInfo.InvariantCulture))];
}
