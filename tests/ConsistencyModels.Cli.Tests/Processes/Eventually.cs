using System.Diagnostics;

namespace ConsistencyModels.Cli.Tests.Processes;

/// <summary>Waits for something that a process does.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Waits until a condition holds; fails if the process ends before, or after five minutes.</summary>
    public static async Task True(Func<bool> condition, Process process)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (process.HasExited)
            {
                Assert.Fail($"the process ended with {process.ExitCode}: {await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken)}");
            }

            Assert.True(clock.Elapsed < Patience, "nothing happened in five minutes");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }
}
