using System.Buffers.Binary;
using System.Text;

namespace ConsistencyModels.Torch.Native;

/// <summary>
/// Edits the table of needed symbol versions (.gnu.version_r) of a 64-bit little-endian ELF library held in memory.
/// Layout: the System V ABI's section headers and the Linux Standard Base's "Symbol Versioning".
/// </summary>
internal static class ElfSymbolVersions
{
    private const uint SectionTypeVersionNeeds = 0x6ffffffe;
    private const ushort FlagWeak = 2;
    private const int FileHeaderLength = 64;
    private const int SectionHeaderLength = 64;
    private const int NeedLength = 16;
    private const int EntryLength = 16;

    /// <summary>
    /// Marks a needed version as weak, so that the dynamic loader accepts a system that lacks it. Only sound if no symbol
    /// the library really calls carries that version.
    /// </summary>
    /// <param name="elf">The whole file; changed in place. Anything may be in it: offsets out of range end the search.</param>
    /// <param name="version">The version's name.</param>
    /// <returns>Whether the version was found and is now weak.</returns>
    public static bool MakeWeak(Span<byte> elf, string version)
    {
        if (elf.Length < FileHeaderLength || !elf[..6].SequenceEqual<byte>([0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1]))
        {
            return false;
        }

        var wanted = Encoding.ASCII.GetBytes(version + '\0');
        var sections = BinaryPrimitives.ReadUInt64LittleEndian(elf[40..]);
        int size = BinaryPrimitives.ReadUInt16LittleEndian(elf[58..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(elf[60..]);
        var found = false;
        for (var i = 0; i < count; i++)
        {
            if (Section(elf, sections, size, (uint)i) is not { } section || section.Type != SectionTypeVersionNeeds)
            {
                continue;
            }

            if (Section(elf, sections, size, section.Link) is { } names)
            {
                found |= MakeWeak(elf, section.Offset, names.Offset, wanted);
            }
        }

        return found;
    }

    private static bool MakeWeak(Span<byte> elf, ulong need, ulong names, ReadOnlySpan<byte> wanted)
    {
        var found = false;
        while (At(elf, need, NeedLength) is { } start)
        {
            int entries = BinaryPrimitives.ReadUInt16LittleEndian(elf[(start + 2)..]);
            var position = need + BinaryPrimitives.ReadUInt32LittleEndian(elf[(start + 8)..]);
            for (var i = 0; i < entries && At(elf, position, EntryLength) is { } entry; i++)
            {
                var name = names + BinaryPrimitives.ReadUInt32LittleEndian(elf[(entry + 8)..]);
                if (At(elf, name, wanted.Length) is { } text && elf[text..].StartsWith(wanted))
                {
                    var flags = BinaryPrimitives.ReadUInt16LittleEndian(elf[(entry + 4)..]);
                    BinaryPrimitives.WriteUInt16LittleEndian(elf[(entry + 4)..], (ushort)(flags | FlagWeak));
                    found = true;
                }

                var step = BinaryPrimitives.ReadUInt32LittleEndian(elf[(entry + 12)..]);
                if (step == 0)
                {
                    break;
                }

                position += step;
            }

            // Steps are relative and unsigned, so the walk only goes forward and ends.
            var next = BinaryPrimitives.ReadUInt32LittleEndian(elf[(start + 12)..]);
            if (next == 0)
            {
                break;
            }

            need += next;
        }

        return found;
    }

    private static (uint Type, ulong Offset, uint Link)? Section(ReadOnlySpan<byte> elf, ulong table, int size, uint index)
    {
        if (size < SectionHeaderLength || At(elf, table + ((ulong)size * index), SectionHeaderLength) is not { } header)
        {
            return null;
        }

        return (
            BinaryPrimitives.ReadUInt32LittleEndian(elf[(header + 4)..]),
            BinaryPrimitives.ReadUInt64LittleEndian(elf[(header + 24)..]),
            BinaryPrimitives.ReadUInt32LittleEndian(elf[(header + 40)..]));
    }

    // The position as an index if that many bytes are there. A sum that wrapped around 2^64 is caught here too or harmless.
    private static int? At(ReadOnlySpan<byte> elf, ulong position, int length) =>
        position <= (ulong)elf.Length && (ulong)elf.Length - position >= (ulong)length ? (int)position : null;
}
