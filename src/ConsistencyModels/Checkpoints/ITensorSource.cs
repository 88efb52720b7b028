using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>A read-only dictionary of tensors on disk: one safetensors file, several shards, a torch file. Safe to read from several threads.</summary>
public interface ITensorSource : IDisposable
{
    /// <summary>The file the tensors come from (the index file for shards), for messages.</summary>
    string Origin { get; }

    /// <summary>Every tensor by name.</summary>
    IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>String metadata stored beside the tensors (safetensors' <c>__metadata__</c>); empty if there is none.</summary>
    IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>
    /// The tensor's little-endian, contiguous bytes, straight from the file's mapping; valid until this is disposed.
    /// They need not be aligned to the element size.
    /// </summary>
    /// <param name="name">The tensor's name.</param>
    /// <exception cref="KeyNotFoundException">No tensor has that name.</exception>
    /// <exception cref="CheckpointException">The tensor has more than 2^31-1 bytes, the most a span can view.</exception>
    /// <exception cref="ObjectDisposedException">This was disposed.</exception>
    ReadOnlySpan<byte> Bytes(string name);

    /// <summary>
    /// Copies the tensor as float32: narrower floats widen exactly, integers and doubles round to the nearest float32,
    /// a bool is 0 or 1.
    /// </summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="destination">Exactly as long as the tensor has elements.</param>
    /// <exception cref="KeyNotFoundException">No tensor has that name.</exception>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    /// <exception cref="ObjectDisposedException">This was disposed.</exception>
    void CopyTo(string name, Span<float> destination);

    /// <summary>
    /// A hint that the tensor's bytes are not needed soon: its mapped pages may leave resident memory.
    /// Reading it again afterwards works, and is slower.
    /// </summary>
    /// <param name="name">The tensor's name.</param>
    /// <exception cref="KeyNotFoundException">No tensor has that name.</exception>
    /// <exception cref="ObjectDisposedException">This was disposed.</exception>
    void Release(string name);
}

/// <summary>Tensors that are read from mapped files.</summary>
internal interface IMappedTensors
{
    /// <summary>The files; null if there are none after all.</summary>
    IReadOnlyList<MappedFile>? Files { get; }

    /// <summary>What the tensors depend on beside the files' bytes and their own names and shapes.</summary>
    string View { get; }
}
