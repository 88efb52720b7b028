using System.Diagnostics;
using System.Globalization;
using ConsistencyModels.Files;
using ConsistencyModels.Torch.Native;
using TorchSharp;

namespace ConsistencyModels.Torch.Tests;

/// <summary>This program once more, as a fresh process that loads libtorch, says what it loaded, and ends.</summary>
internal static class ChildProcess
{
    private const string Mark = "CM_TEST_LIST_LIBRARIES";

    internal static bool IsChild => Environment.GetEnvironmentVariable(Mark) == "1";

    internal static void ListLibrariesAndExit()
    {
        foreach (var library in TorchRuntime.LoadedLibraries)
        {
            Console.WriteLine(library);
        }

        using var generator = new torch.Generator(0);
        using var draw = torch.randn(1, generator: generator);
        Console.WriteLine(draw.item<float>().ToString("F4", CultureInfo.InvariantCulture));
        Environment.Exit(0);
    }

    /// <summary>Starts it with a cache folder; the caller disposes it after <see cref="Result"/>.</summary>
    internal static Process Start(string cache)
    {
        var host = Environment.ProcessPath!;
        var start = new ProcessStartInfo(host) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(host) == "dotnet")
        {
            start.ArgumentList.Add(typeof(ChildProcess).Assembly.Location);
        }

        start.Environment[Mark] = "1";
        start.Environment[CacheFolders.OwnVariable] = cache;
        return Process.Start(start)!;
    }

    /// <summary>Waits for it: the libraries, and the first normal number of seed 0.</summary>
    internal static async Task<(string[] Libraries, string Number)> Result(Process child, CancellationToken cancellationToken)
    {
        var errors = child.StandardError.ReadToEndAsync(cancellationToken);
        var output = await child.StandardOutput.ReadToEndAsync(cancellationToken);
        await child.WaitForExitAsync(cancellationToken);
        Assert.True(child.ExitCode == 0, $"exit code {child.ExitCode}: {output}{await errors}");
        Assert.Equal("", await errors);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return (lines[..^1], lines[^1]);
    }
}
