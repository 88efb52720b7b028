namespace ConsistencyModels.Evaluation.Numerics;

/// <summary>Rows shared out among the cores.</summary>
internal static class Ranges
{
    // Waking a thread takes as long as some ten thousand multiplications.
    private const long WorthAThread = 20_000;

    /// <summary>Runs work over 0 to count - 1 in runs of neighbours; a result may not depend on how they are cut.</summary>
    /// <param name="count">How many.</param>
    /// <param name="cost">Operations of each, roughly.</param>
    /// <param name="work">Gets the first one and the end.</param>
    public static void Parallel(int count, int cost, Action<int, int> work)
    {
        var threads = (int)Math.Min(Environment.ProcessorCount, (long)count * cost / WorthAThread);
        if (threads <= 1)
        {
            work(0, count);
            return;
        }

        System.Threading.Tasks.Parallel.For(0, threads, thread =>
            work((int)((long)count * thread / threads), (int)((long)count * (thread + 1) / threads)));
    }
}
