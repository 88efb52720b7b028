using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static System.Buffers.Binary.BinaryPrimitives;

namespace ConsistencyModels.Files;

/// <summary>
/// What Windows says of an open file, and how it replaces one. File systems without numbers of 128 bits (FAT, some of the network) tell nothing.
/// </summary>
internal static unsafe partial class WindowsFiles
{
    /// <summary>Bytes of FILE_BASIC_INFO: birth, last access, last writing, last change, attributes.</summary>
    public const int BasicSize = 40;

    /// <summary>Bytes of FILE_STANDARD_INFO: room, length, number of names, whether it is being deleted, whether it is a folder.</summary>
    public const int StandardSize = 24;

    /// <summary>Bytes of FILE_ID_INFO: volume, number.</summary>
    public const int IdSize = 24;

    private const int Basic = 0;
    private const int Standard = 1;
    private const int Id = 18;

    private const long Of1970 = 116_444_736_000_000_000; // in the hundreds of nanoseconds since 1601 that Windows counts

    /// <summary>Asks about an open file.</summary>
    public static FileFacts? Ask(SafeFileHandle file)
    {
        byte* basic = stackalloc byte[BasicSize], standard = stackalloc byte[StandardSize], id = stackalloc byte[IdSize];
        return Ask(file, Basic, basic, BasicSize) != 0 && Ask(file, Standard, standard, StandardSize) != 0 && Ask(file, Id, id, IdSize) != 0
            ? Parse(new(basic, BasicSize), new(standard, StandardSize), new(id, IdSize))
            : null;
    }

    /// <summary>Reads the three answers.</summary>
    public static FileFacts Parse(ReadOnlySpan<byte> basic, ReadOnlySpan<byte> standard, ReadOnlySpan<byte> id) => new(
        new(ReadUInt64LittleEndian(id), ReadUInt128LittleEndian(id[8..])),
        ReadInt64LittleEndian(standard[8..]),
        Birth: Time(basic),
        Written: Time(basic[16..]),
        Changed: Time(basic[24..]),
        User: 0,
        Group: 0,
        Mode: standard[21] != 0 ? FileFacts.Folder : FileFacts.Regular);

    /// <summary>
    /// Moves a file over another. Windows does not replace a file that somebody has mapped, but lets it be renamed: then it goes aside
    /// first, and away as soon as nobody has it any more. For a moment the name is nobody's, which is why this is not the first try.
    /// </summary>
    /// <param name="from">The new file.</param>
    /// <param name="to">Its place.</param>
    /// <param name="move">Moves a file, over another or not.</param>
    public static void Replace(string from, string to, Action<string, string, bool> move)
    {
        try
        {
            move(from, to, true);
            return;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && File.Exists(to) && File.Exists(from))
        {
            // Somebody has mapped it.
        }

        string folder = Path.GetDirectoryName(to)!, stem = $".{Path.GetFileName(to)}.", ending = ".old";
        foreach (var old in Directory.EnumerateFiles(folder, $"{stem}*{ending}").ToList())
        {
            AtomicFile.TryDelete(old);
        }

        var aside = Path.Combine(folder, $"{stem}{Guid.NewGuid():N}{ending}");
        move(to, aside, false);
        try
        {
            move(from, to, false);
        }
        catch
        {
            move(aside, to, false);
            throw;
        }

        AtomicFile.TryDelete(aside);
    }

    private static long Time(ReadOnlySpan<byte> at) => unchecked((ReadInt64LittleEndian(at) - Of1970) * 100);

    [LibraryImport("kernel32", EntryPoint = "GetFileInformationByHandleEx")]
    private static partial int Ask(SafeFileHandle file, int kind, byte* answer, uint size);
}
