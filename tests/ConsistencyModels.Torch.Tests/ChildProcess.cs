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
        try
        {
            foreach (var library in TorchRuntime.LoadedLibraries)
            {
                Console.WriteLine(library);
            }
        }
        catch (ConsistencyModelsException e)
        {
            Console.Error.WriteLine(e.Message);
            Environment.Exit(2);
        }

        Draw();
        Environment.Exit(0);
    }

    // A method of its own: what mentions TorchSharp must not run before the libraries are there.
    private static void Draw()
    {
        using var generator = new torch.Generator(0);
        using var draw = torch.randn(1, generator: generator);
        Console.WriteLine(draw.item<float>().ToString("F4", CultureInfo.InvariantCulture));
    }

    /// <summary>Starts it with a cache folder, and with libtorch from a folder or the bundled one; the caller disposes it after <see cref="Result"/>.</summary>
    internal static Process Start(string cache, string? libtorch = null)
    {
        var host = Environment.ProcessPath!;
        var start = new ProcessStartInfo(host) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(host) == "dotnet")
        {
            start.ArgumentList.Add(typeof(ChildProcess).Assembly.Location);
        }

        start.Environment[Mark] = "1";
        start.Environment[CacheFolders.OwnVariable] = cache;
        start.Environment[TorchRuntime.LibraryFolderVariable] = libtorch;
        return Process.Start(start)!;
    }

    /// <summary>Waits for it to refuse: its one line.</summary>
    internal static async Task<string> Refusal(Process child, CancellationToken cancellationToken)
    {
        var errors = child.StandardError.ReadToEndAsync(cancellationToken);
        await child.WaitForExitAsync(cancellationToken);
        Assert.Equal(2, child.ExitCode);
        return (await errors).TrimEnd('\n');
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
