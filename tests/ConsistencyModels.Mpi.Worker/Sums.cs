using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using ConsistencyModels.Training.Parallel;

namespace ConsistencyModels.Mpi.Worker;

/// <summary>What processes do together.</summary>
internal static class Sums
{
    /// <summary>A few floats and doubles, each from a thread of its own.</summary>
    public static int Small()
    {
        using var mpi = MpiCollective.Start();
        float[] floats = [mpi.Rank + 1, 2 * (mpi.Rank + 1), 0.5f];
        double[] doubles = [mpi.Rank + 1, 1e-12];
        OnAnotherThread(() => mpi.Sum(floats));
        OnAnotherThread(() => mpi.Sum(doubles));
        mpi.Sum(Span<float>.Empty);
        Say(mpi, string.Create(CultureInfo.InvariantCulture, $"{string.Join(' ', floats)}; {string.Join(' ', doubles)}"));
        return 0;
    }

    /// <summary>Sums whose order of addition shows: the same bits everywhere, or the networks would drift apart.</summary>
    public static int Bits()
    {
        using var mpi = MpiCollective.Start();
        var random = new Random(mpi.Rank);
        var values = new float[100_003];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (random.NextSingle() - 0.5f) * MathF.Exp(10 * random.NextSingle());
        }

        mpi.Sum(values);
        Say(mpi, Convert.ToHexString(XxHash64.Hash(MemoryMarshal.AsBytes<float>(values))));
        return 0;
    }

    /// <summary>Everyone's values become those of process 0.</summary>
    public static int Broadcast()
    {
        using var mpi = MpiCollective.Start();
        float[] values = [mpi.Rank + 7, mpi.Rank];
        mpi.Broadcast(values);
        mpi.Barrier();
        Say(mpi, string.Create(CultureInfo.InvariantCulture, $"{values[0]} {values[1]}"));
        return 0;
    }

    /// <summary>Something that is so nowhere, and something that is so in the last process.</summary>
    public static int Any()
    {
        using var mpi = MpiCollective.Start();
        Say(mpi, $"{mpi.Any(false)} {mpi.Any(mpi.Rank == mpi.Count - 1)}");
        return 0;
    }

    /// <summary>More than two pieces of a message, and more than two buckets of an engine's buffer.</summary>
    public static int Large()
    {
        const int Length = (1 << 21) + 5;
        using var mpi = MpiCollective.Start();
        var factor = mpi.Count * (mpi.Count + 1) / 2;
        var values = new float[Length];
        Fill(values, mpi.Rank + 1);
        mpi.Sum(values);
        var wrong = Wrong(values, factor);

        // Values that differ, so that a broadcast which leaves any as it is shows.
        mpi.Sum(new PlainBuffer(Filled(values, mpi.Rank + 1)));
        wrong += Wrong(values, factor);
        mpi.Broadcast(new PlainBuffer(Filled(values, 3 + mpi.Rank)));
        wrong += Wrong(values, 3);
        mpi.Broadcast(Filled(values, 5 + mpi.Rank));
        wrong += Wrong(values, 5);
        Say(mpi, string.Create(CultureInfo.InvariantCulture, $"{wrong} wrong"));
        return 0;
    }

    /// <summary>A second thread is told that the first is in a call. The other processes come when the file is there.</summary>
    public static int TwoThreads(string file)
    {
        using var mpi = MpiCollective.Start();
        if (mpi.Rank != 0)
        {
            SpinWait.SpinUntil(() => File.Exists(file));
            mpi.Barrier();
            return 0;
        }

        // The thread that gets in waits; an empty sum ends at once, and is tried until it is refused.
        var waiting = Task.Run(() =>
        {
            while (RefusalOf(mpi.Barrier) is not null)
            {
            }
        });
        InvalidOperationException? refusal;
        while ((refusal = RefusalOf(() => mpi.Sum(Span<float>.Empty))) is null)
        {
        }

        File.WriteAllText(file, "");
        waiting.Wait();
        Say(mpi, refusal.Message);
        return 0;
    }

    private static InvalidOperationException? RefusalOf(Action call)
    {
        try
        {
            call();
            return null;
        }
        catch (InvalidOperationException e)
        {
            return e;
        }
    }

    private static float[] Filled(float[] values, int factor)
    {
        Fill(values, factor);
        return values;
    }

    // Small whole numbers: their sums are exact in any order.
    private static void Fill(float[] values, int factor)
    {
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = factor * (i % 251);
        }
    }

    private static int Wrong(float[] values, int factor)
    {
        var wrong = 0;
        for (var i = 0; i < values.Length; i++)
        {
            wrong += values[i] == factor * (i % 251) ? 0 : 1;
        }

        return wrong;
    }

    private static void OnAnotherThread(Action action)
    {
        var thread = new Thread(action.Invoke);
        thread.Start();
        thread.Join();
    }

    private static void Say(MpiCollective mpi, string text) => Console.WriteLine($"{mpi.Rank} of {mpi.Count}: {text}");
}
