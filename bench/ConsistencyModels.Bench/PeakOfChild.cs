using System.Globalization;
using System.Runtime.InteropServices;

namespace ConsistencyModels.Bench;

/// <summary>The peak resident memory of another program: what the system says of the children of a process that has had one child.</summary>
internal static partial class PeakOfChild
{
    // getrusage(2): two times of two longs each, then ru_maxrss.
    private const int Children = -1;
    private const int MaxResident = 4;

    /// <summary>Kilobytes at the peak of a program that is run to its end.</summary>
    public static long Measure(string program, params string[] arguments) =>
        long.Parse(ChildProcess.RunAgain(["peak", program, .. arguments]).LastLine, CultureInfo.InvariantCulture);

    /// <summary>The process in between.</summary>
    public static unsafe int Run(string program, string[] arguments)
    {
        ChildProcess.Run(program, arguments);
        var usage = stackalloc long[18];
        if (ResourceUsage(Children, usage) != 0)
        {
            return 1;
        }

        Console.WriteLine(usage[MaxResident]);
        return 0;
    }

    [LibraryImport("libc", EntryPoint = "getrusage")]
    private static unsafe partial int ResourceUsage(int who, long* usage);
}
