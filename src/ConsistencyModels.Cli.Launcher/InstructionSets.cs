using System.Runtime.InteropServices;
using System.Text;

namespace ConsistencyModels.Cli.Launcher;

/// <summary>
/// Which of the published programs a processor can run. Their names are those of the x86-64 psABI: v3 has AVX2 and FMA, v4 AVX-512.
/// </summary>
internal static partial class InstructionSets
{
    /// <summary>The environment variable that asks for one by name, to compare them.</summary>
    public const string Variable = "CM_INSTRUCTIONS";

    private const string Wide = "v4";
    private const string Narrow = "v3";

    // The names of Linux. What is there is also what the system saves when it switches threads: it hides the rest.
    private static readonly string[] OfNarrow = ["avx2", "bmi1", "bmi2", "fma", "abm", "movbe", "f16c"];
    private static readonly string[] OfWide = ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"];

    /// <summary>The best of the programs; null where there is none for it.</summary>
    /// <param name="asked">The value of <see cref="Variable"/>; null or empty for the best.</param>
    /// <param name="best">What the processor has: v3, v4 or null.</param>
    public static string? Choose(string? asked, string? best) =>
        string.IsNullOrEmpty(asked) ? best
        : asked == Narrow && best is not null ? Narrow
        : asked == Wide && best == Wide ? Wide
        : null;

    /// <summary>The largest set that this processor and its system have; null for less than v3.</summary>
    public static string? OfProcessor() =>
        OperatingSystem.IsWindows() ? Of(WindowsHas(WindowsAvx2), WindowsHas(WindowsAvx512))
        : OperatingSystem.IsMacOS() ? Of(MacHas("hw.optional.avx2_0"), MacHas("hw.optional.avx512f"))
        : OfFlags(LinuxFlags());

    /// <summary>The same by a line of flags as Linux writes them.</summary>
    public static string? OfFlags(string flags)
    {
        var there = flags.Split(' ');
        return Of(Array.TrueForAll(OfNarrow, there.Contains), Array.TrueForAll(OfWide, there.Contains));
    }

    private static string? Of(bool narrow, bool wide) => narrow ? wide ? Wide : Narrow : null;

    // The first processor's flags are in the first kilobytes, however many there are.
    private static string LinuxFlags()
    {
        try
        {
            using var file = File.OpenRead("/proc/cpuinfo");
            var bytes = new byte[16384];
            var text = Encoding.Latin1.GetString(bytes, 0, file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false));
            var start = text.IndexOf("\nflags", StringComparison.Ordinal);
            var colon = start < 0 ? -1 : text.IndexOf(':', start);
            var end = colon < 0 ? -1 : text.IndexOf('\n', colon);
            return end < 0 ? "" : text[(colon + 1)..end].Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private const int WindowsAvx2 = 40;
    private const int WindowsAvx512 = 41;

    private static bool WindowsHas(int feature) => IsProcessorFeaturePresent(feature) != 0;

    private static unsafe bool MacHas(string name)
    {
        var value = 0;
        nint size = sizeof(int);
        return SysctlByName(name, &value, &size, 0, 0) == 0 && value != 0;
    }

    [LibraryImport("kernel32", EntryPoint = "IsProcessorFeaturePresent")]
    private static partial int IsProcessorFeaturePresent(int feature);

    [LibraryImport("libc", EntryPoint = "sysctlbyname", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int SysctlByName(string name, void* value, nint* size, nint newValue, nint newSize);
}
