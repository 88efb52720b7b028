namespace ConsistencyModels.Cpu.Threading;

/// <summary>
/// Keeps work beside the calls out of their way. While there are none it goes on; while there are, it has a small part of one core:
/// its pieces are short, and after each it rests. Whoever waits for it can have it hurry.
/// </summary>
/// <param name="pool">Where the calls are.</param>
internal sealed class BackgroundPace(ComputePool pool)
{
    // Of one core's time while calls are under way.
    private const double Share = 0.04;

    // A sampler's calls follow each other within milliseconds; a pause between pictures is longer.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    private readonly ManualResetEventSlim _hurry = new();

    /// <summary>No more rests.</summary>
    public void Hurry() => _hurry.Set();

    /// <summary>Rests after a piece of work, if there is a reason to.</summary>
    /// <param name="took">How long the piece took.</param>
    public void Rest(TimeSpan took)
    {
        for (var rest = took * ((1 - Share) / Share); rest > TimeSpan.Zero && pool.Quiet < Quiet; rest -= Look)
        {
            if (_hurry.Wait(rest < Look ? rest : Look))
            {
                return;
            }
        }
    }
}
