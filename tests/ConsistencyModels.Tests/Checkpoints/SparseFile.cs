using System.Diagnostics;

namespace ConsistencyModels.Tests.Checkpoints;

/// <summary>Huge files that are nearly all holes.</summary>
internal static class SparseFile
{
    private const long Probe = 64L << 20;

    /// <summary>
    /// Bytes a hole may have: just over 4 GB where the file system stores holes as nothing. Where it would write zeros, or du(1) is
    /// not there to tell (Windows), a hole of 64 MB: the tests then claim less, that the layout is right, not that it is beyond 2^32.
    /// </summary>
    public static long Hole(TempFolder folder)
    {
        var path = folder.File("probe");
        using (var file = File.Create(path))
        {
            file.SetLength(Probe);
        }

        return BytesOnDisk(path) is { } taken && taken < Probe / 8 ? (4L << 30) + 4099 : Probe + 4099;
    }

    /// <summary>What a file takes on disk; null where nothing tells.</summary>
    public static long? BytesOnDisk(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return null;
        }

        using var du = Process.Start(new ProcessStartInfo("du", ["-k", path]) { RedirectStandardOutput = true })!;
        var output = du.StandardOutput.ReadToEnd();
        du.WaitForExit();
        return long.Parse(output.Split('\t')[0], System.Globalization.CultureInfo.InvariantCulture) * 1024;
    }
}
