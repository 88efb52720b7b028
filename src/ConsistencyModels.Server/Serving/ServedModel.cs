using ConsistencyModels.Models;
using ConsistencyModels.Server.Batching;

namespace ConsistencyModels.Server.Serving;

/// <summary>Where a model stands.</summary>
internal enum ModelState
{
    /// <summary>Its weights are on disk: the first request for it loads them.</summary>
    Idle,

    /// <summary>They are being loaded.</summary>
    Loading,

    /// <summary>They are in memory.</summary>
    Ready,

    /// <summary>They could not be loaded; the next request tries again.</summary>
    Failed,
}

/// <summary>A model of the server. What changes is under the lock of <see cref="ModelStore"/>.</summary>
/// <param name="Id">What requests call it.</param>
/// <param name="Options">Where it is.</param>
/// <param name="Model">Its small files, opened.</param>
internal sealed record ServedModel(string Id, ServedModelOptions Options, Model Model)
{
    private const long BytesPerParameter = 8;

    /// <summary>About what its loaded network takes.</summary>
    public long Bytes => Model.ParameterCount * BytesPerParameter;

    public ModelState State { get; set; }

    /// <summary>The loaded network; null if it is not.</summary>
    public NetworkBatcher? Batcher { get; set; }

    /// <summary>The loading under way; null if there is none.</summary>
    public Task? Loading { get; set; }

    /// <summary>Requests that use it.</summary>
    public int Users { get; set; }

    /// <summary>When it was used last, as a number that grows.</summary>
    public long Used { get; set; }
}

/// <summary>A loaded model, held in memory until this is disposed.</summary>
internal sealed class ModelLease(ModelStore store, ServedModel model, NetworkBatcher batcher) : IDisposable
{
    private int _over;

    public NetworkBatcher Batcher => batcher;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _over, 1) == 0)
        {
            store.Return(model);
        }
    }
}
