using System.Buffers.Binary;
using System.Text;

namespace ConsistencyModels.Torch.Native;

/// <summary>Edits the table of needed symbol versions (.gnu.version_r) of a 64-bit little-endian ELF library held in memory.</summary>
internal static class ElfSymbolVersions
{
    private const uint SectionTypeVersionNeeds = 0x6ffffffe;
    private const ushort FlagWeak = 2;

    /// <summary>
    /// Marks a needed version as weak, so that the dynamic loader accepts a system that lacks it. Only sound if no symbol
    /// the library really calls carries that version.
    /// </summary>
    /// <returns>Whether the version was found and is now weak.</returns>
    public static bool MakeWeak(Span<byte> elf, string version)
    {
        if (elf.Length < 64 || !elf[..6].SequenceEqual<byte>([0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1]))
        {
            return false;
        }

        var wanted = Encoding.ASCII.GetBytes(version + '\0');
        var sections = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(elf[40..]));
        int size = BinaryPrimitives.ReadUInt16LittleEndian(elf[58..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(elf[60..]);
        var found = false;
        for (var i = 0; i < count; i++)
        {
            var header = elf.Slice(sections + (i * size), size);
            if (BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) != SectionTypeVersionNeeds)
            {
                continue;
            }

            var strings = (int)BinaryPrimitives.ReadUInt32LittleEndian(header[40..]);
            var names = Offset(elf.Slice(sections + (strings * size), size));
            found |= MakeWeak(elf, Offset(header), names, wanted);
        }

        return found;
    }

    private static bool MakeWeak(Span<byte> elf, int need, int names, ReadOnlySpan<byte> wanted)
    {
        var found = false;
        while (true)
        {
            int entries = BinaryPrimitives.ReadUInt16LittleEndian(elf[(need + 2)..]);
            var entry = need + (int)BinaryPrimitives.ReadUInt32LittleEndian(elf[(need + 8)..]);
            for (var i = 0; i < entries; i++)
            {
                var name = names + (int)BinaryPrimitives.ReadUInt32LittleEndian(elf[(entry + 8)..]);
                if (elf[name..].StartsWith(wanted))
                {
                    var flags = BinaryPrimitives.ReadUInt16LittleEndian(elf[(entry + 4)..]);
                    BinaryPrimitives.WriteUInt16LittleEndian(elf[(entry + 4)..], (ushort)(flags | FlagWeak));
                    found = true;
                }

                entry += (int)BinaryPrimitives.ReadUInt32LittleEndian(elf[(entry + 12)..]);
            }

            var next = (int)BinaryPrimitives.ReadUInt32LittleEndian(elf[(need + 12)..]);
            if (next == 0)
            {
                return found;
            }

            need += next;
        }
    }

    private static int Offset(ReadOnlySpan<byte> sectionHeader) =>
        checked((int)BinaryPrimitives.ReadUInt64LittleEndian(sectionHeader[24..]));
}
