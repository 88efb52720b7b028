namespace ConsistencyModels.Cpu.Threading;

/// <summary>
/// Keeps work beside the calls out of their way. While there are none it goes on; while there are, it has a small part of one core:
/// its pieces are short, and after each it rests. Whoever waits for it can have it hurry.
/// </summary>
/// <param name="pool">Where the calls are.</param>
internal sealed class BackgroundPace(ComputePool pool)
{
    // Of one core's time while calls are under way.
    private const double Share = 0.01;

    // A sampler's calls follow each other within milliseconds; a pause between pictures is longer.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(100);

    // What took longer than a core needs for a short piece has waited, for the disk or for a core that others have.
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(400);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    private readonly ManualResetEventSlim _hurry = new();

    /// <summary>No more rests.</summary>
    public void Hurry() => _hurry.Set();

    /// <summary>Rests after a piece of work, if there is a reason to.</summary>
    /// <param name="took">How long the piece took: some milliseconds at most, on an idle core.</param>
    public void Rest(TimeSpan took)
    {
        var wanted = took * ((1 - Share) / Share);
        for (var rest = wanted < Longest ? wanted : Longest; rest > TimeSpan.Zero && pool.Quiet < Quiet; rest -= Look)
        {
            if (_hurry.Wait(rest < Look ? rest : Look))
            {
                return;
            }
        }
    }
}
