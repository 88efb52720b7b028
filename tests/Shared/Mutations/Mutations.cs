using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;

namespace ConsistencyModels.Testing;

/// <summary>
/// Damaged files by the hundred thousand: each is refused with the project's exception, in one plain line, or readable to its end. No other
/// exception, no hang, no allocation beyond twice the file and 64 MB. CM_MUTATIONS multiplies the number, CM_MUTATION_SEED moves the
/// seeds; a failure names the kind and the run, and keeps the file.
/// </summary>
internal static class Mutations
{
    /// <summary>How many of a format whose reading takes up to some 100 µs.</summary>
    public const int Many = 100_000;

    private const long AllocationBeyondTwice = 64L << 20;
    private const int Looks = 4;

    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(1);
    private static readonly double Factor = double.TryParse(Environment.GetEnvironmentVariable("CM_MUTATIONS"), CultureInfo.InvariantCulture, out var factor) ? factor : 1;
    private static readonly int Shift = int.TryParse(Environment.GetEnvironmentVariable("CM_MUTATION_SEED"), out var shift) ? shift : 0;

    // Of zip archives, and numbers in them that lie.
    private static readonly byte[][] ZipRecords = ["PK\u0003\u0004"u8.ToArray(), "PK\u0001\u0002"u8.ToArray(), "PK\u0005\u0006"u8.ToArray(), "PK\u0006\u0006"u8.ToArray()];
    private static readonly long[] Lies = [0, 1, -1, 0xffff, 0xffffffff, int.MaxValue, long.MaxValue, long.MinValue, 64 << 20, 1L << 32, 45, 8, 20];

    /// <summary>Reads a number of damaged files.</summary>
    /// <param name="kind">What they are, for messages.</param>
    /// <param name="runs">How many.</param>
    /// <param name="seeds">Files that can be read.</param>
    /// <param name="read">Reads one to its end.</param>
    /// <param name="mutate">Damages one; null for changes of bytes and of the tokens.</param>
    /// <param name="tokens">Pieces that change meaning more often than random bytes do.</param>
    public static void Run(
        string kind, int runs, IReadOnlyList<byte[]> seeds, Action<byte[]> read, Func<byte[], System.Random, byte[]>? mutate = null, byte[][]? tokens = null)
    {
        mutate ??= (seed, random) => Bytes(seed, random, tokens ?? []);
        foreach (var seed in seeds)
        {
            read(seed); // compiled and known to be readable before anything is measured
        }

        var count = (int)(runs * Factor);
        var refused = 0;
        for (var run = 0; run < count; run++)
        {
            var random = new System.Random((Shift * 1_000_003) + run);
            refused += Try(kind, run, mutate(seeds[run % seeds.Count], random), read) ? 0 : 1;
        }

        Assert.True(refused > count / 100, $"{kind}: only {refused} of {count} were refused: the mutator does nothing");
        Assert.True(refused < count, $"{kind}: no damaged file was readable: the mutator is too rough");
    }

    /// <summary>Reads one file, right or wrong; false if it was refused.</summary>
    public static bool Try(string kind, int run, byte[] bytes, Action<byte[]> read)
    {
        var good = true;
        var before = GC.GetAllocatedBytesForCurrentThread();
        var start = Stopwatch.GetTimestamp();
        try
        {
            read(bytes);
        }
        catch (ConsistencyModelsException e)
        {
            good = false;
            Assert.DoesNotContain(e.Message, char.IsControl);
            Assert.InRange(e.Message.Length, 1, 2000);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{kind} {run}: {e.GetType().Name}, kept as {Keep(kind, run, bytes)}", e);
        }

        var fastest = Stopwatch.GetElapsedTime(start);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        if (allocated > (2L * bytes.Length) + AllocationBeyondTwice)
        {
            Assert.Fail($"{kind} {run}: {allocated} bytes for a file of {bytes.Length}, kept as {Keep(kind, run, bytes)}");
        }

        // The clock also counts what other processes take: only further looks tell a hang.
        for (var look = 0; fastest > Hang && look < Looks; look++)
        {
            start = Stopwatch.GetTimestamp();
            _ = Record.Exception(() => read(bytes));
            var elapsed = Stopwatch.GetElapsedTime(start);
            fastest = elapsed < fastest ? elapsed : fastest;
        }

        if (fastest > Hang)
        {
            Assert.Fail($"{kind} {run}: {fastest}, kept as {Keep(kind, run, bytes)}");
        }

        return good;
    }

    /// <summary>A file with one to four changes: bytes, bits, cuts, repetitions, and tokens put in or over.</summary>
    public static byte[] Bytes(byte[] seed, System.Random random, byte[][] tokens)
    {
        var bytes = new List<byte>(seed.Length + 64);
        bytes.AddRange(seed);
        for (var change = random.Next(1, 5); change > 0; change--)
        {
            var at = random.Next(bytes.Count);
            var token = tokens.Length == 0 ? [(byte)random.Next(256)] : tokens[random.Next(tokens.Length)];
            switch (random.Next(8))
            {
                case 0 or 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 3: bytes.RemoveRange(at, Math.Min(random.Next(1, 9), bytes.Count - at)); break;
                case 4: bytes.InsertRange(at, token); break;
                case 5:
                    for (var i = 0; i < token.Length && at + i < bytes.Count; i++)
                    {
                        bytes[at + i] = token[i];
                    }

                    break;
                case 6: bytes.InsertRange(at, bytes.GetRange(random.Next(bytes.Count), 1)); break;
                default: bytes.RemoveRange(random.Next(20) == 0 ? at : bytes.Count - 1, 1); break;
            }

            if (bytes.Count == 0)
            {
                bytes.Add(0);
            }
        }

        return [.. bytes];
    }

    /// <summary>An archive whose directory or headers lie in one to four numbers.</summary>
    public static byte[] Zip(byte[] seed, System.Random random)
    {
        var bytes = (byte[])seed.Clone();
        Span<byte> number = stackalloc byte[8];
        for (var change = random.Next(1, 5); change > 0; change--)
        {
            var record = ZipRecords[random.Next(ZipRecords.Length)];
            var start = bytes.AsSpan(random.Next(bytes.Length)).IndexOf(record) is var found && found < 0 ? bytes.AsSpan().IndexOf(record) : found;
            var at = Math.Clamp(start, 0, bytes.Length - 1) + random.Next(4, 60);
            var lie = random.Next(3) == 0 ? random.Next(bytes.Length) : Lies[random.Next(Lies.Length)];
            BinaryPrimitives.WriteInt64LittleEndian(number, lie);
            for (var i = 0; i < 1 << random.Next(1, 4) && at + i < bytes.Length; i++)
            {
                bytes[at + i] = number[i];
            }
        }

        // An extra field of 64-bit sizes where there was none.
        if (random.Next(4) == 0 && bytes.AsSpan().LastIndexOf(ZipRecords[1]) is > 0 and var entry && entry + 46 < bytes.Length)
        {
            var name = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(entry + 28));
            byte[] extra = [1, 0, 24, 0, .. Number(), .. Number(), .. Number()];
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(entry + 30), (ushort)extra.Length);
            bytes.AsSpan(entry + 20, 8).Fill(0xff);
            var behind = Math.Min(entry + 46 + name, bytes.Length);
            bytes = [.. bytes[..behind], .. extra, .. bytes[behind..]];

            byte[] Number() => BitConverter.GetBytes(Lies[random.Next(Lies.Length)]);
        }

        return bytes;
    }

    private static string Keep(string kind, int run, byte[] bytes)
    {
        var path = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"cm-mutant-{kind.Replace('/', '-')}-{run}"));
        File.WriteAllBytes(path, bytes);
        return path;
    }
}

/// <summary>One file that is written anew for every damaged content; in memory where the system has such a folder.</summary>
internal sealed class ScratchFile : IDisposable
{
    private readonly string _folder;

    public ScratchFile(string name)
    {
        _folder = Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"cm-tests-{Guid.NewGuid():N}");
        Directory.CreateDirectory(_folder);
        Name = Path.Combine(_folder, name);
    }

    /// <summary>The file's path; others may be put beside it.</summary>
    public string Name { get; }

    /// <summary>Writes it.</summary>
    /// <returns>The path.</returns>
    public string With(byte[] bytes)
    {
        File.WriteAllBytes(Name, bytes);
        return Name;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
