using ConsistencyModels.Training.Parallel;

namespace ConsistencyModels.Mpi.Worker;

/// <summary>Processes that end before their work is done. The others wait in a sum that never comes.</summary>
internal static class Failures
{
    /// <summary>The code that the job ends with.</summary>
    private const int Code = 7;

    /// <summary>Process 1, or the only one, says why it fails.</summary>
    public static int WhileOthersWait()
    {
        using var mpi = MpiCollective.Start();
        if (mpi.Rank == Math.Min(1, mpi.Count - 1))
        {
            mpi.Fail("no more pictures,\nnone at all", Code);
        }

        return Wait(mpi);
    }

    /// <summary>It fails in one thread while another of it waits as the others do.</summary>
    public static int WhileItsOwnThreadWaits()
    {
        using var mpi = MpiCollective.Start();
        if (mpi.Rank != mpi.Count - 1)
        {
            // One that never takes part: the rest wait for it.
            Thread.Sleep(mpi.Rank == 0 ? Timeout.Infinite : 0);
            return Wait(mpi);
        }

        var waiting = Task.Run(() => Wait(mpi));
        waiting.Wait(TimeSpan.FromSeconds(0.5));
        mpi.Fail("the disk is full", Code);
        return 0;
    }

    /// <summary>Work that throws in process 1, or in the only one, with or without a launcher.</summary>
    public static int AnException() => MpiCollective.Run(
        processes =>
        {
            if (processes.Rank == Math.Min(1, processes.Count - 1))
            {
                throw new ConsistencyModelsException("cats.zip: damaged");
            }

            processes.Sum(new float[1]);
            return 0;
        },
        e => (e.Message, Code));

    /// <summary>Process 1 is gone without a word, as after an exception that nobody caught.</summary>
    public static int WithoutAWord()
    {
        var mpi = MpiCollective.Start();
        if (mpi.Rank == 1)
        {
            Environment.Exit(Code);
        }

        return Wait(mpi);
    }

    /// <summary>Open MPI has handlers of signals, .NET too: a null reference is still an exception.</summary>
    public static int NullReference()
    {
        using var mpi = MpiCollective.Start();
        try
        {
            string? nothing = null;
            return nothing!.Length;
        }
        catch (NullReferenceException)
        {
            mpi.Barrier();
            Console.WriteLine($"{mpi.Rank} of {mpi.Count}: caught");
            return 0;
        }
    }

    private static int Wait(MpiCollective mpi)
    {
        mpi.Sum(new float[1]);
        return 0;
    }
}
