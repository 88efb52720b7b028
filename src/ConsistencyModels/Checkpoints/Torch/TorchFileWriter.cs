using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>
/// Writes a state dict as <c>torch.save</c> does: the zip format, each storage stored and aligned to 64 bytes, zip64 where
/// needed. <c>torch.load</c> reads it, also with <c>weights_only=True</c>.
/// </summary>
public static class TorchFileWriter
{
    private const int Alignment = 64;
    private const string Folder = "archive/";

    /// <summary>Writes a file atomically: on any failure what was at <paramref name="path"/> stays.</summary>
    /// <param name="path">The file to create or replace; its folder must exist.</param>
    /// <param name="tensors">The tensors, in the order of the state dict. Their bytes are asked for twice: once for their checksum.</param>
    /// <exception cref="ConsistencyModelsException">The disk is full or the file cannot be written.</exception>
    /// <exception cref="ArgumentException">Two tensors have one name, or an element type that PyTorch's storages do not have.</exception>
    public static void Write(string path, IEnumerable<TensorToWrite> tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        TensorToWrite[] all = [.. tensors];
        var twice = all.GroupBy(tensor => tensor.Info.Name).FirstOrDefault(group => group.Count() > 1);
        if (twice is not null)
        {
            throw new ArgumentException($"Two tensors have the name {Printable.Quote(twice.Key)}.", nameof(tensors));
        }

        var pickle = PickleWriter.StateDict([.. all.Select(tensor => tensor.Info)]);
        AtomicFile.Write(path, stream =>
        {
            var zip = new StoredZip(stream, Alignment);
            zip.Add(Folder + "data.pkl", pickle.Length, target => target.Write(pickle));
            zip.Add(Folder + "byteorder", 6, target => target.Write("little"u8));
            for (var i = 0; i < all.Length; i++)
            {
                var tensor = all[i];
                zip.Add($"{Folder}data/{i}", tensor.ByteCount, target =>
                {
                    var exact = new ExactStream(target, tensor);
                    tensor.Write(exact);
                    exact.ThrowIfShort();
                });
            }

            zip.Add(Folder + "version", 2, target => target.Write("3\n"u8));
            zip.Finish();
        });
    }
}
