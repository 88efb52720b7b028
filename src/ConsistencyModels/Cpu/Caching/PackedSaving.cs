using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Cpu.Threading;

namespace ConsistencyModels.Cpu.Caching;

/// <summary>Packed weights on their way to a file, beside the calls. Their memory stays until they are there.</summary>
internal sealed class PackedSaving
{
    private readonly BackgroundPace _pace;

    private PackedSaving(BackgroundPace pace, Task done)
    {
        _pace = pace;
        Done = done;
    }

    /// <summary>Completes when the file is there, or will never be.</summary>
    public Task Done { get; }

    /// <summary>Begins on a thread of its own, which does not keep the process alive.</summary>
    public static PackedSaving Start(PackedWeights packed, ComputePool pool, Action<BackgroundPace> save)
    {
        var pace = new BackgroundPace(pool);
        packed.Hold();
        void Save()
        {
            try
            {
                save(pace);
            }
            finally
            {
                packed.Release();
            }
        }

        return new PackedSaving(pace, Task.Factory.StartNew(Save, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
    }

    /// <summary>Writes the rest as fast as it goes and waits for it.</summary>
    public void Finish()
    {
        _pace.Hurry();
        Task.WhenAny(Done).Wait(); // a failure is no concern of whoever is done with the network
    }
}
