using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using System.Runtime.Versioning;
using Microsoft.Win32;

namespace ConsistencyModels.Cli.Reports;

/// <summary>Facts about the machine.</summary>
internal static partial class Machine
{
    private static readonly string[] Telling = ["torch", "c10", "skia", "cuda", "cudnn", "cublas", "gomp", "iomp", "mkl", "nvrtc"];

    /// <summary>The processor's name.</summary>
    public static string Processor() =>
        (OperatingSystem.IsLinux() ? LinuxProcessor(ReadLines("/proc/cpuinfo"))
            : OperatingSystem.IsMacOS() ? MacProcessor()
            : OperatingSystem.IsWindows() ? WindowsProcessor()
            : null) ?? RuntimeInformation.ProcessArchitecture.ToString();

    /// <summary>The name in what Linux says of processors; null if there is none, as on Arm, where the numbers of maker and part are.</summary>
    public static string? LinuxProcessor(IEnumerable<string> lines)
    {
        string? Value(string key) => lines.FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?.Split(':', 2).ElementAtOrDefault(1)?.Trim();
        return Value("model name") ?? (Value("CPU implementer") is { } maker ? $"Arm, implementer {maker}, part {Value("CPU part")}" : null);
    }

    private static IEnumerable<string> ReadLines(string path) => File.Exists(path) ? File.ReadLines(path) : [];

    private static unsafe string? MacProcessor()
    {
        const int Most = 256;
        var name = stackalloc byte[Most];
        nint size = Most;
        return SysctlByName("machdep.cpu.brand_string", name, &size, 0, 0) == 0 ? Marshal.PtrToStringUTF8((nint)name) : null;
    }

    [SupportedOSPlatform("windows")]
    private static string? WindowsProcessor() =>
        (Registry.GetValue(@"HKEY_LOCAL_MACHINE\HARDWARE\DESCRIPTION\System\CentralProcessor\0", "ProcessorNameString", null) as string)?.Trim();

    [LibraryImport("libc", EntryPoint = "sysctlbyname", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int SysctlByName(string name, void* value, nint* size, nint newValue, nint newSize);

    /// <summary>Of the processor's vector extensions those that matter, by Linux's names; empty on other systems. The program may use fewer.</summary>
    public static IReadOnlyList<string> Flags()
    {
        string[] telling = ["avx2", "fma", "avx512f", "avx512bw", "avx512vl", "avx512_bf16", "avx512_vnni", "amx_tile", "asimd", "sve"];
        const string linux = "/proc/cpuinfo";
        var line = File.Exists(linux) ? File.ReadLines(linux).FirstOrDefault(text => text.StartsWith("flags", StringComparison.Ordinal) || text.StartsWith("Features", StringComparison.Ordinal)) : null;
        var there = line?[(line.IndexOf(':') + 1)..].Split(' ') ?? [];
        return [.. telling.Where(there.Contains)];
    }

    /// <summary>The instruction sets that fast kernels use, of those the processor has and this program may use.</summary>
    public static IReadOnlyList<string> InstructionSets() =>
    [
        .. new (string Name, bool There)[]
        {
            ("AVX2", Avx2.IsSupported), ("FMA", Fma.IsSupported), ("AVX-512", Avx512F.IsSupported), ("AVX-VNNI", AvxVnni.IsSupported), ("AdvSimd", AdvSimd.IsSupported),
        }.Where(set => set.There).Select(set => set.Name),
    ];

    /// <summary>Paths of the native libraries in this process that belong to engines and imaging.</summary>
    public static IReadOnlyList<string> NativeLibraries()
    {
        using var process = Process.GetCurrentProcess();
        return
        [
            .. process.Modules.Cast<ProcessModule>()
                .Select(module => module.FileName)
                .Where(path => !path.EndsWith(".dll", StringComparison.Ordinal) || OperatingSystem.IsWindows())
                .Where(path => Telling.Any(word => Path.GetFileName(path).Contains(word, StringComparison.OrdinalIgnoreCase)))
                .Distinct()
                .Order(StringComparer.Ordinal),
        ];
    }
}
