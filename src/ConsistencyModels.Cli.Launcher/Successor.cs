using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace ConsistencyModels.Cli.Launcher;

/// <summary>The program that takes over.</summary>
internal static partial class Successor
{
    private const int BadInput = 2;

    /// <summary>Becomes another program: does not return, except where the system has no such thing.</summary>
    /// <param name="path">The program.</param>
    /// <param name="args">Its arguments.</param>
    /// <returns>The exit code.</returns>
    public static int Run(string path, string[] args)
    {
        if (OperatingSystem.IsWindows())
        {
            return Wait(path, args);
        }

        _ = Exec(path, ["cm", .. args, null]);
        Text.WriteError($"cm: {path}: cannot be started, error {Marshal.GetLastPInvokeError()}");
        return BadInput;
    }

    // Windows has no exec. Both are told of Ctrl-C: this one lets the other decide what to do.
    private static int Wait(string path, string[] args)
    {
        Console.CancelKeyPress += static (_, press) => press.Cancel = true;
        using var process = Process.Start(new ProcessStartInfo(path, args) { UseShellExecute = false })!;
        process.WaitForExit();
        return process.ExitCode;
    }

    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Exec(string path, string?[] args);
}

/// <summary>Words for a person, without a console's machinery.</summary>
internal static partial class Text
{
    /// <summary>Writes a line to standard error.</summary>
    public static void WriteError(string line)
    {
        if (OperatingSystem.IsWindows())
        {
            Console.Error.WriteLine(line);
            return;
        }

        var bytes = Encoding.UTF8.GetBytes(line + "\n");
        _ = Write(2, bytes, bytes.Length);
    }

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int file, byte[] bytes, nint count);
}
