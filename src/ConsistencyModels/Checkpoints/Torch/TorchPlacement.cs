using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>A tensor of a torch file, checked against its storage.</summary>
/// <param name="Info">Name, element type and shape.</param>
/// <param name="Begin">Where in the file its first element lies.</param>
/// <param name="End">One byte beyond its last element; equal to <paramref name="Begin"/> if it has none.</param>
/// <param name="Stride">Elements between neighbours along each dimension.</param>
/// <param name="Swap">Whether its elements are big-endian.</param>
/// <param name="Plain">Whether its bytes can be used as they lie.</param>
internal sealed record TorchPlacement(TensorInfo Info, long Begin, long End, long[] Stride, bool Swap, bool Plain)
{
    /// <summary>Places a tensor.</summary>
    /// <exception cref="CheckpointException">It reaches beyond its storage.</exception>
    public static TorchPlacement Of(string path, string name, TorchTensor tensor, ITorchStorages storages)
    {
        var storage = tensor.Storage;
        var elementSize = tensor.DType.Size();
        var (count, last) = Extent(path, name, tensor);

        // An untyped storage counts bytes, a typed one its elements.
        var room = storage.DType is null ? storage.ViewCount / elementSize : storage.ViewCount;
        if (storage.DType is { } stored && stored != tensor.DType)
        {
            throw Bad(path, name, $"is {tensor.DType.FormatName()} in a storage of {stored.FormatName()}");
        }

        if (count > 0 && (tensor.Offset > room || last >= room - tensor.Offset))
        {
            throw Bad(path, name, $"reaches beyond the {room} elements of storage {Printable.Quote(storage.Key)}");
        }

        var start = storages.Locate(storage) + (storage.ViewOffset * storage.ElementSize);
        var begin = count == 0 ? start : start + (tensor.Offset * elementSize);
        var swap = storages.BigEndian && elementSize > 1;
        return new TorchPlacement(
            new TensorInfo(name, tensor.DType, Array.AsReadOnly(tensor.Size)),
            begin,
            count == 0 ? begin : begin + ((last + 1) * elementSize),
            tensor.Stride,
            swap,
            !swap && StridedTensor.IsContiguous(tensor.Size, tensor.Stride));
    }

    /// <summary>Writes the elements in C order, little-endian.</summary>
    /// <param name="source">The bytes from <see cref="Begin"/> to <see cref="End"/>.</param>
    /// <param name="destination">Receives them.</param>
    public void Gather(ReadOnlySpan<byte> source, Span<byte> destination) =>
        StridedTensor.Gather(source, [.. Info.Shape], Stride, Info.DType.Size(), Swap, destination);

    // Number of elements, and the index of the last one counted from the first.
    private static (long Count, long Last) Extent(string path, string name, TorchTensor tensor)
    {
        if (tensor.Size.Length != tensor.Stride.Length || tensor.Offset < 0)
        {
            throw Bad(path, name, $"has shape {Printable.Shape(tensor.Size)}, strides {Printable.Shape(tensor.Stride)} and offset {tensor.Offset}");
        }

        try
        {
            long count = 1, last = 0;
            for (var i = 0; i < tensor.Size.Length; i++)
            {
                if (tensor.Size[i] < 0 || tensor.Stride[i] < 0)
                {
                    throw Bad(path, name, $"has shape {Printable.Shape(tensor.Size)} and strides {Printable.Shape(tensor.Stride)}");
                }

                count = checked(count * tensor.Size[i]);
                last = checked(last + ((tensor.Size[i] - 1) * tensor.Stride[i]));
            }

            _ = checked(count * tensor.DType.Size());
            return count == 0 ? (0, 0) : (count, last);
        }
        catch (OverflowException)
        {
            throw Bad(path, name, $"has shape {Printable.Shape(tensor.Size)}, whose size overflows");
        }
    }

    private static CheckpointException Bad(string path, string name, string what) => new($"{path}: tensor {Printable.Quote(name)} {what}");
}

/// <summary>Where the storages of a torch file lie.</summary>
internal interface ITorchStorages
{
    /// <summary>What torch.save was given.</summary>
    object? Root { get; }

    /// <summary>Whether the storages' elements are big-endian.</summary>
    bool BigEndian { get; }

    /// <summary>Offset in the file of a storage's first element; the whole storage lies within the file.</summary>
    /// <exception cref="CheckpointException">The file has no such storage, or of another length.</exception>
    long Locate(TorchStorage storage);
}
