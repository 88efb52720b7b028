using ConsistencyModels.Training.Parallel;

namespace ConsistencyModels.Mpi.Worker;

/// <summary>With and without a launcher.</summary>
internal static class Launching
{
    /// <summary>Without a launcher nothing of MPI is loaded.</summary>
    public static int Alone()
    {
        var launched = MpiCollective.IsLaunched;
        try
        {
            using var mpi = MpiCollective.Start();
            return 1;
        }
        catch (InvalidOperationException e)
        {
            var loaded = File.ReadLines("/proc/self/maps").Any(line => line.Contains("libmpi.so", StringComparison.Ordinal));
            Console.WriteLine($"launched: {launched}; loaded: {loaded}; {e.Message}");
            return 0;
        }
    }

    /// <summary>What a launcher that is not Open MPI's leads to.</summary>
    public static int Refused()
    {
        try
        {
            using var mpi = MpiCollective.Start();
            return 1;
        }
        catch (ConsistencyModelsException e)
        {
            Console.WriteLine(e.Message);
            return 2;
        }
    }

    /// <summary>The last process writes a file late, and before it disposes; all of them see it afterwards.</summary>
    public static int End(string file)
    {
        var mpi = MpiCollective.Start();
        if (mpi.Rank == mpi.Count - 1)
        {
            Thread.Sleep(TimeSpan.FromSeconds(0.5));
            File.WriteAllText(file, "");
        }

        mpi.Dispose();
        mpi.Dispose();
        Console.WriteLine($"{mpi.Rank} of {mpi.Count}: {File.Exists(file)}");
        return 0;
    }

    /// <summary>MPI starts once.</summary>
    public static int Twice()
    {
        MpiCollective.Start().Dispose();
        try
        {
            using var again = MpiCollective.Start();
            return 1;
        }
        catch (InvalidOperationException e)
        {
            Console.WriteLine(e.Message);
            return 0;
        }
    }
}
