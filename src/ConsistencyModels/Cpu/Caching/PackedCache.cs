using System.Diagnostics;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Cpu.Threading;
using ConsistencyModels.Files;

namespace ConsistencyModels.Cpu.Caching;

/// <summary>
/// Files of packed weights, which the next process maps instead of packing again. Whatever goes wrong with the folder or a
/// file, weights are packed as if there were no cache. See docs/decisions/0006-packed-weights.md.
/// </summary>
/// <param name="folder">Where they are; made when needed.</param>
/// <param name="mostBytes">Most bytes of all of them together.</param>
/// <param name="leastBytes">Packed weights smaller than this are not kept: packing them takes less than 50 ms.</param>
internal sealed unsafe class PackedCache(string folder, long mostBytes, long leastBytes = PackedCache.Worthwhile)
{
    /// <summary>Default of <c>leastBytes</c>.</summary>
    public const long Worthwhile = 64L << 20;

    private const string Contents = "packed";
    private const string Extension = ".packed";

    private readonly KnownHashes _known = new(Path.Combine(folder, "known"));

    /// <summary>Takes the packed weights from a file, or packs them and has the file written in the background.</summary>
    /// <returns>The writing of the file, if there is one.</returns>
    public PackedSaving? Fill(PackedWeights packed, WeightReader reader, ParallelRunner parallel)
    {
        if (packed.Bytes < leastBytes || packed.Bytes > mostBytes - PackedHeader.Size || KeyOf(packed, reader, parallel) is not { } key)
        {
            packed.Fill(reader, parallel);
            return null;
        }

        var path = Path.Combine(folder, TextHash.Name(key) + Extension);
        if (Map(path, key, packed, parallel))
        {
            PackedFiles.Use(path);
            return null;
        }

        packed.Fill(reader, parallel);
        return PackedSaving.Start(packed, parallel.Pool, pace => Save(path, key, packed, pace));
    }

    /// <summary>What the packed bytes depend on; null if the tensors are not read from files.</summary>
    private UInt128? KeyOf(PackedWeights packed, WeightReader reader, ParallelRunner parallel)
    {
        if (reader.Source is not IMappedTensors { Files: { } files } mapped)
        {
            return null;
        }

        var names = reader.Names.OrderBy(name => name.Key, StringComparer.Ordinal).ToArray();
        var description = string.Join('\n', names.Select(name =>
        {
            var info = reader.Source.Tensors[name.Value];
            return $"{name.Key}\t{name.Value}\t{info.DType}\t{string.Join(' ', info.Shape)}";
        }));
        var content = _known.Get(
            $"weights\n{mapped.View}\n{description}",
            () => IdentitiesOf(files),
            () => SourceHash.Of(reader.Source, [.. names.Select(name => name.Value)], parallel));
        return TextHash.Of($"{PackedHeader.Version} {Gemm.InstructionSet}", packed.Layout, description, TextHash.Name(content));
    }

    private static FileIdentity[]? IdentitiesOf(IReadOnlyList<MappedFile> files)
    {
        var identities = files.Select(file => file.Identity()).OfType<FileIdentity>().ToArray();
        return identities.Length == files.Count ? identities : null;
    }

    private bool Map(string path, UInt128 key, PackedWeights packed, ParallelRunner parallel)
    {
        MappedFile? file = null;
        try
        {
            if (!File.Exists(path))
            {
                return false;
            }

            file = MappedFile.Open(path);
            var page = new byte[PackedHeader.Size];
            file.Read(0, page.AsSpan(0, (int)Math.Min(page.Length, file.Length)));
            if (PackedHeader.Parse(page) is { } header && header.Key == key && header.Length == packed.Bytes
                && file.Length == PackedHeader.Size + header.Length && Verify(file, header, parallel))
            {
                packed.Use(file, file.Pointer(PackedHeader.Size, header.Length));
                file = null;
                return true;
            }

            PackedFiles.Delete(path);
            return false;
        }
        catch (Exception e) when (e is CheckpointException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
        finally
        {
            file?.Dispose();
        }
    }

    private bool Verify(MappedFile file, PackedHeader header, ParallelRunner parallel)
    {
        var start = file.Pointer(PackedHeader.Size, header.Length);
        Pages.PreferHuge(start, header.Length); // what is not in memory yet is then read in huge pages
        var read = false;
        var hash = _known.Get(
            Contents,
            () => file.Identity() is { } identity ? [identity] : null,
            () =>
            {
                read = true;
                return BlockHash.Of(start, header.Length, parallel);
            });
        if (hash != header.DataHash)
        {
            return false;
        }

        if (!read)
        {
            const long Part = 64L << 20;
            parallel.For(
                (int)((header.Length + Part - 1) / Part),
                i => Pages.Populate(start + (i * Part), Math.Min(Part, header.Length - (i * Part))));
        }

        return true;
    }

    private void Save(string path, UInt128 key, PackedWeights packed, BackgroundPace pace)
    {
        try
        {
            PackedFiles.Prepare(folder);
            var size = PackedHeader.Size + packed.Bytes;
            PackedFiles.Trim(folder, Extension, mostBytes - size, except: path);
            if (new DriveInfo(folder).AvailableFreeSpace < 2 * size)
            {
                return; // a cache should not be what fills a disk
            }

            var header = new PackedHeader(key, packed.Bytes, DataHash: default);
            AtomicFile.Write(path, stream =>
            {
                stream.Position = PackedHeader.Size;
                header = header with { DataHash = WriteData(stream, packed, pace) };
                stream.Position = 0;
                stream.Write(header.ToBytes());
            });
            PackedFiles.Use(path);

            // What was just written and flushed need not be read again by the next process.
            using var written = MappedFile.Open(path);
            if (written.Identity() is { } identity)
            {
                _known.Remember(Contents, [identity], header.DataHash);
            }
        }
        catch (Exception e) when (e is ConsistencyModelsException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            // No cache then. It saves time; it must not cost anyone a picture.
        }
    }

    private static UInt128 WriteData(Stream stream, PackedWeights packed, BackgroundPace pace)
    {
        var hash = new BlockHash();
        for (long done = 0; done < packed.Bytes;)
        {
            // Up to the next multiple of a huge page in the file: the system then caches it in such pages.
            var start = Stopwatch.GetTimestamp();
            var size = (int)Math.Min(Pages.Huge - ((PackedHeader.Size + done) % Pages.Huge), packed.Bytes - done);
            var bytes = new ReadOnlySpan<byte>(packed.Start + done, size);
            hash.Append(bytes);
            stream.Write(bytes);
            done += size;
            pace.Rest(Stopwatch.GetElapsedTime(start));
        }

        return hash.Finish();
    }
}
