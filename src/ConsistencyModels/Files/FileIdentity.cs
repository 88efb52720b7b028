using System.IO.Hashing;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ConsistencyModels.Files;

/// <summary>
/// By what a file is known again without reading it: device, number, length, and the times of its birth, last writing and last
/// change. The last one is the system's own: on Linux and macOS no program can set it back after writing; on Windows one can, by a call
/// that hardly any makes.
/// </summary>
/// <param name="Digest">Hash of all of them.</param>
/// <param name="Changed">The time of the last change, of contents or attributes.</param>
internal readonly record struct FileIdentity(UInt128 Digest, DateTimeOffset Changed)
{
    /// <summary>The identity of an open file; null where the system does not tell.</summary>
    public static FileIdentity? Of(SafeFileHandle file) => FileFacts.Of(file) is { } facts ? Of(facts) : null;

    /// <summary>The identity by what is known of a file.</summary>
    public static FileIdentity Of(FileFacts facts)
    {
        ReadOnlySpan<long> all =
        [
            (long)facts.Number.Device, (long)(ulong)facts.Number.Value, (long)(ulong)(facts.Number.Value >> 64),
            facts.Length, facts.Birth, facts.Changed, facts.Written,
        ];

        // Rounded up, for systems that do not keep parts of a second.
        const long Second = 1_000_000_000;
        return new FileIdentity(XxHash128.HashToUInt128(MemoryMarshal.AsBytes(all)), DateTimeOffset.FromUnixTimeSeconds(facts.Changed / Second).AddSeconds(1));
    }
}
