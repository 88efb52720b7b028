using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>
/// The tensors of a <c>.pt</c>, <c>.pth</c>, <c>.ckpt</c> or <c>.bin</c> file that <c>torch.save</c> wrote, in the zip format
/// (PyTorch 1.6 and later) or the one before. Nothing in the file is executed: opcodes and names outside a short closed list
/// are refused. Storages are views of the mapped file; only tensors that are not contiguous, or big-endian, are copied, each
/// when it is first asked for. Safe to read from several threads.
/// </summary>
/// <remarks>As <see cref="SafetensorsFile"/>: the file must not be shortened or rewritten in place while it is open.</remarks>
public sealed class TorchFile : ITensorSource, IMappedTensors
{
    // Copies of strided tensors: with the budget of AllocationBudget at most twice the file and 56 MB together.
    private const long CopiesBeyondFile = 16L << 20;

    private static readonly IReadOnlyDictionary<string, string> NoMetadata = new Dictionary<string, string>().AsReadOnly();

    private readonly MappedFile _file;
    private readonly Dictionary<string, TorchPlacement> _places;
    private readonly Dictionary<string, byte[]> _copies = new(StringComparer.Ordinal);

    private TorchFile(MappedFile file, Dictionary<string, TorchPlacement> places, string entry, IReadOnlyList<string> others)
    {
        _file = file;
        _places = places;
        Entry = entry;
        Others = others;
        Tensors = places.ToDictionary(place => place.Key, place => place.Value.Info).AsReadOnly();
    }

    /// <inheritdoc/>
    public string Origin => _file.Path;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>Always empty: torch files have no strings beside their tensors.</summary>
    public IReadOnlyDictionary<string, string> Metadata => NoMetadata;

    /// <summary>The keys that lead to the state dict, joined by '.': "" where the file is one, "ema" in {"model": …, "ema": …}.</summary>
    public string Entry { get; }

    /// <summary>Parts that could have been chosen in place of <see cref="Entry"/>, keys joined by '.'.</summary>
    internal IReadOnlyList<string> Others { get; }

    /// <inheritdoc/>
    IReadOnlyList<MappedFile>? IMappedTensors.Files => [_file];

    /// <inheritdoc/>
    string IMappedTensors.View => Entry;

    /// <summary>Maps a file and reads its description of tensors.</summary>
    /// <param name="path">The file. <see cref="Origin"/> is this text.</param>
    /// <param name="entry">
    /// Which part of a training checkpoint to take, nested keys joined by '.', the last of which may be what the names of tensors begin
    /// with ("ema_model" of "ema_model.conv_in.weight"); "" for all its tensors. Null chooses: a dict that
    /// holds tensors itself, else averaged weights (<c>params_ema</c>, <c>ema</c>, …), else <c>state_dict</c>, <c>model</c>, ….
    /// </param>
    /// <exception cref="CheckpointException">It is not there, not a torch file, damaged, or asks for something no checkpoint needs.</exception>
    public static TorchFile Open(string path, string? entry = null) => Of(MappedFile.Open(path), entry);

    /// <summary>The same for a file that is mapped already, which the result owns; closed if it is refused.</summary>
    /// <param name="file">The file.</param>
    /// <param name="entry">Which part of it to take.</param>
    /// <param name="wanted">Which tensors, by their last keys, make a part the one to choose; null for any.</param>
    internal static TorchFile Of(MappedFile file, string? entry, Predicate<string>? wanted = null)
    {
        var path = file.Path;
        try
        {
            var budget = new AllocationBudget(path, file.Length);
            var storages = OpenStorages(file, budget);
            var walk = new StateDictWalk(path, budget);
            var choice = new StateDictChoice(path, walk, wanted);
            var (value, chosen) = choice.Find(storages.Root, entry);
            return new TorchFile(file, Place(file, storages, walk, value, budget), chosen, choice.Others);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whether a file begins like one that torch.save wrote (or any zip file). Opening may still fail.</summary>
    internal static bool Begins(ReadOnlySpan<byte> beginning) => beginning.StartsWith("PK"u8) || beginning.StartsWith(TorchLegacy.Beginning);

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(string name)
    {
        var place = Find(name);
        var length = place.Info.ElementCount * place.Info.DType.Size();
        if (length > int.MaxValue)
        {
            throw new CheckpointException($"{Origin}: tensor {Printable.Quote(name)} has {length} bytes, at most {int.MaxValue} can be viewed at once");
        }

        return place.Plain ? _file.Span(place.Begin, (int)length) : Copy(name, place, (int)length);
    }

    /// <inheritdoc/>
    public void CopyTo(string name, Span<float> destination)
    {
        var place = Find(name);
        var count = place.Info.ElementCount;
        if (destination.Length != count)
        {
            throw new ArgumentException(
                $"{Origin}: tensor {Printable.Quote(name)} has {count} elements, the destination {destination.Length}.", nameof(destination));
        }

        if (place.Plain)
        {
            _file.ToSingle(place.Begin, place.Info.DType, destination);
        }
        else
        {
            FloatConversion.ToSingle(place.Info.DType, Bytes(name), destination);
        }
    }

    /// <inheritdoc/>
    public void Release(string name)
    {
        var place = Find(name);
        lock (_copies)
        {
            _copies.Remove(name);
        }

        _file.Drop(place.Begin, place.End - place.Begin);
    }

    /// <summary>Unmaps the file: spans from <see cref="Bytes"/> must not be used any more. Further calls throw.</summary>
    public void Dispose()
    {
        _file.Dispose();
        lock (_copies)
        {
            _copies.Clear();
        }
    }

    private static ITorchStorages OpenStorages(MappedFile file, AllocationBudget budget)
    {
        var beginning = file.Span(0, (int)Math.Min(file.Length, 512));
        if (beginning.StartsWith("PK"u8))
        {
            return TorchZip.Open(file, budget);
        }

        if (beginning.Length > 0 && beginning[0] == PickleOpcodes.Proto)
        {
            return TorchLegacy.Open(file, budget);
        }

        var what = WrongContent.Describe(beginning) is { } wrong ? wrong
            : beginning.Length >= 262 && beginning[257..].StartsWith("ustar"u8)
            ? "a tar file, as PyTorch wrote before 0.1.10: save it again with a later PyTorch"
            : "neither a zip file nor a pickle";
        throw new CheckpointException($"{file.Path}: not a torch file: it is {what}");
    }

    private static Dictionary<string, TorchPlacement> Place(
        MappedFile file, ITorchStorages storages, StateDictWalk walk, object? root, AllocationBudget budget)
    {
        var places = new Dictionary<string, TorchPlacement>(StringComparer.Ordinal);
        var copies = 0L;
        walk.NamedTensors(root, (key, tensor) =>
        {
            var name = key.Length == 0 ? "tensor" : key;
            budget.Charge(256 + (2 * name.Length));
            var place = TorchPlacement.Of(file.Path, name, tensor, storages);
            if (!places.TryAdd(name, place))
            {
                throw new CheckpointException($"{file.Path}: tensor {Printable.Quote(name)} is there twice");
            }

            if (!place.Plain && place.End - place.Begin > int.MaxValue)
            {
                throw new CheckpointException($"{file.Path}: tensor {Printable.Quote(name)} is not contiguous and spans more than {int.MaxValue} bytes");
            }

            copies += place.Plain ? 0 : place.Info.ElementCount * place.Info.DType.Size();
            if (copies > file.Length + CopiesBeyondFile)
            {
                throw new CheckpointException($"{file.Path}: tensor {Printable.Quote(name)} repeats its elements until they take more memory than the file");
            }
        });

        return places.Count > 0 ? places : throw new CheckpointException($"{file.Path}: there is no tensor in it");
    }

    private byte[] Copy(string name, TorchPlacement place, int length)
    {
        lock (_copies)
        {
            if (!_copies.TryGetValue(name, out var copy))
            {
                copy = new byte[length];
                if (length > 0)
                {
                    place.Gather(_file.Span(place.Begin, (int)(place.End - place.Begin)), copy);
                }

                _copies.Add(name, copy);
            }

            return copy;
        }
    }

    private TorchPlacement Find(string name) =>
        _places.TryGetValue(name, out var place)
            ? place
            : throw new KeyNotFoundException($"{Origin}: there is no tensor {Printable.Quote(name)}.");
}
