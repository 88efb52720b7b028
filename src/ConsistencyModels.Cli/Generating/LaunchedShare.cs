using System.Globalization;

namespace ConsistencyModels.Cli.Generating;

/// <summary>
/// The share of the pictures of one of several processes that mpirun started. A picture depends on its seed alone, so they need not
/// speak to each other: each makes a run of neighbours.
/// </summary>
internal static class LaunchedShare
{
    private const string RankVariable = "OMPI_COMM_WORLD_RANK";
    private const string CountVariable = "OMPI_COMM_WORLD_SIZE";

    /// <summary>The pictures of this process; all of them without mpirun.</summary>
    /// <param name="pictures">How many there are in all.</param>
    public static (int First, int Count) Of(int pictures)
    {
        var (rank, processes) = Launched();
        var first = (int)((long)pictures * rank / processes);
        return (first, (int)((long)pictures * (rank + 1) / processes) - first);
    }

    /// <summary>Refuses what several processes cannot share.</summary>
    /// <exception cref="ConsistencyModelsException">There are several processes, and no seed, or one sheet, or given noise.</exception>
    public static void ThrowIfNotFor(GenerateSettings settings)
    {
        if (Launched().Processes == 1)
        {
            return;
        }

        if (settings.Seed is null)
        {
            throw new ConsistencyModelsException("--seed is missing: under mpirun each process makes its share of the pictures from it");
        }

        foreach (var (given, option) in ((bool, string)[])[(settings.Grid, "--grid"), (settings.Latents is not null, "--latents"), (settings.SaveLatents is not null, "--save-latents"), (settings.Out == PictureFiles.StandardOutput, "--out -")])
        {
            if (given)
            {
                ThrowIfSeveral(option);
            }
        }
    }

    /// <summary>Refuses what only one process can do.</summary>
    /// <param name="what">What it is.</param>
    /// <exception cref="ConsistencyModelsException">There are several processes.</exception>
    public static void ThrowIfSeveral(string what)
    {
        if (Launched().Processes > 1)
        {
            throw new ConsistencyModelsException($"{what} is for one process: under mpirun each makes pictures of its own");
        }
    }

    private static (int Rank, int Processes) Launched() =>
        Number(CountVariable) is { } processes and > 0 && Number(RankVariable) is { } rank && rank < processes ? (rank, processes) : (0, 1);

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
}
