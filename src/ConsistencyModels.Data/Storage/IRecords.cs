namespace ConsistencyModels.Data.Storage;

/// <summary>Byte strings by number, in memory or in a file. Safe to read from several threads.</summary>
internal interface IRecords : IDisposable
{
    /// <summary>Whether there is a record of this number; there is none of pictures that were left out.</summary>
    bool Has(int index);

    /// <summary>A record. It is valid until the buffer is used again.</summary>
    /// <param name="index">Its number.</param>
    /// <param name="buffer">May be used for it, and be replaced by a larger one.</param>
    /// <exception cref="ConsistencyModelsException">The file is damaged; it has been removed.</exception>
    ReadOnlySpan<byte> Read(int index, ref byte[] buffer);
}

/// <summary>Takes records in any order, from several threads.</summary>
internal interface IRecordWriter
{
    /// <summary>Writes a record that was not written before. It is copied.</summary>
    void Append(int index, ReadOnlySpan<byte> record);
}

/// <summary>Records in memory, in blocks because one .NET array ends at 2 GiB, and because many small ones cost the collector time.</summary>
internal sealed class MemoryRecords : IRecords, IRecordWriter
{
    private const int LargestBlock = 1 << 26;

    private readonly Lock _gate = new();
    private readonly List<byte[]> _blocks = [];
    private readonly (int Block, int Start, int Length)[] _places;
    private readonly long _expected;
    private long _allocated;
    private int _used;

    /// <summary>Room for records; blocks are allocated as they fill.</summary>
    /// <param name="count">How many records.</param>
    /// <param name="expected">How many bytes all of them have, if they come.</param>
    public MemoryRecords(int count, long expected)
    {
        _expected = expected;
        _places = new (int, int, int)[count];
        Array.Fill(_places, (-1, 0, 0));
    }

    public bool Has(int index) => _places[index].Block >= 0;

    public ReadOnlySpan<byte> Read(int index, ref byte[] buffer)
    {
        (int block, int start, int length) = _places[index];
        return _blocks[block].AsSpan(start, length);
    }

    public void Append(int index, ReadOnlySpan<byte> record)
    {
        Span<byte> place;
        lock (_gate)
        {
            if (_blocks.Count == 0 || record.Length > _blocks[^1].Length - _used)
            {
                int size = (int)Math.Max(record.Length, Math.Min(LargestBlock, _expected - _allocated));
                _blocks.Add(GC.AllocateUninitializedArray<byte>(size));
                _allocated += size;
                _used = 0;
            }

            _places[index] = (_blocks.Count - 1, _used, record.Length);
            place = _blocks[^1].AsSpan(_used, record.Length);
            _used += record.Length;
        }

        record.CopyTo(place);
    }

    public void Dispose()
    {
    }
}
