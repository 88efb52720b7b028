using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace ConsistencyModels.Torch.Native;

/// <summary>
/// An empty shared library that answers to a name: once it is loaded, the dynamic loader takes it for any library asked
/// for by that name, and looks no further. Layout: the System V ABI's object files and dynamic section.
/// </summary>
internal static class StandInLibrary
{
    private const int HeaderLength = 64;
    private const int SegmentLength = 56;
    private const int DynamicEntryLength = 16;
    private const int SymbolLength = 24;
    private const int HashLength = 16;
    private const int Alignment = 0x10000; // The largest pages of the processors here.
    private const uint SegmentLoad = 1;
    private const uint SegmentDynamic = 2;
    private const uint SegmentStack = 0x6474e551;

    /// <summary>Loads one for the rest of the process's life.</summary>
    /// <param name="name">The file name it stands for, "torch_cpu.so".</param>
    /// <exception cref="ConsistencyModelsException">No temporary file can be written, or it does not load.</exception>
    public static void Load(string name)
    {
        DirectoryInfo? folder = null;
        try
        {
            // Of this user alone, and gone as soon as it is loaded.
            folder = Directory.CreateTempSubdirectory("cm-");
            var file = Path.Combine(folder.FullName, name);
            File.WriteAllBytes(file, Build(name));
            NativeLibrary.Load(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DllNotFoundException or BadImageFormatException)
        {
            throw new ConsistencyModelsException($"{Path.GetTempPath()}: no file named {name} can be loaded from there: {e.Message.ReplaceLineEndings(" ")}", e);
        }
        finally
        {
            folder?.Delete(recursive: true);
        }
    }

    /// <summary>The file's content.</summary>
    internal static byte[] Build(string name)
    {
        // One segment, readable and writable, with everything in it: nothing here is ever run.
        const int Segments = 3;
        const int DynamicEntries = 7;
        const int Dynamic = HeaderLength + (Segments * SegmentLength);
        const int Symbols = Dynamic + (DynamicEntries * DynamicEntryLength);
        const int Hash = Symbols + SymbolLength;
        const int Strings = Hash + HashLength;
        var text = Encoding.ASCII.GetBytes($"\0{name}\0");
        var file = new byte[Strings + text.Length];
        Header(file, Segments);
        Segment(file, 0, SegmentLoad, 0, file.Length, Alignment);
        Segment(file, 1, SegmentDynamic, Dynamic, DynamicEntries * DynamicEntryLength, sizeof(ulong));
        Segment(file, 2, SegmentStack, 0, 0, DynamicEntryLength); // Without it the loader makes all stacks executable.
        (ulong Tag, int Value)[] entries = [(14, 1), (4, Hash), (5, Strings), (6, Symbols), (10, text.Length), (11, SymbolLength), (0, 0)];
        for (var i = 0; i < entries.Length; i++)
        {
            Write64(file, Dynamic + (i * DynamicEntryLength), entries[i].Tag);
            Write64(file, Dynamic + (i * DynamicEntryLength) + sizeof(ulong), (ulong)entries[i].Value);
        }

        // A hash table of one bucket, and of one symbol, which is none.
        Write32(file, Hash, 1);
        Write32(file, Hash + sizeof(uint), 1);
        text.CopyTo(file, Strings);
        return file;
    }

    private static void Header(Span<byte> file, int segments)
    {
        const ushort SharedObject = 3;
        const ushort X64 = 62;
        const ushort Arm64 = 183;
        ReadOnlySpan<byte> identity = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        identity.CopyTo(file);
        Write16(file, 16, SharedObject);
        Write16(file, 18, RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? Arm64 : X64);
        Write32(file, 20, 1);
        Write64(file, 32, HeaderLength);
        Write16(file, 52, HeaderLength);
        Write16(file, 54, SegmentLength);
        Write16(file, 56, (ushort)segments);
    }

    private static void Segment(Span<byte> file, int index, uint type, int offset, int length, int alignment)
    {
        const uint ReadWrite = 6;
        var start = HeaderLength + (index * SegmentLength);
        Write32(file, start, type);
        Write32(file, start + 4, ReadWrite);
        foreach (var (field, value) in new[] { (8, offset), (16, offset), (24, offset), (32, length), (40, length), (48, alignment) })
        {
            Write64(file, start + field, (ulong)value);
        }
    }

    private static void Write16(Span<byte> file, int position, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(file[position..], value);

    private static void Write32(Span<byte> file, int position, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(file[position..], value);

    private static void Write64(Span<byte> file, int position, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(file[position..], value);
}
