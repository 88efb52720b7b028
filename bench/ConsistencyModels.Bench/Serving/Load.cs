using System.Diagnostics;
using System.Globalization;

namespace ConsistencyModels.Bench.Serving;

/// <summary>
/// Clients in a process of their own, each on a thread of its own, that ask for one picture after the other: what a server's clients
/// do, but on its machine.
/// </summary>
internal sealed class Load : IDisposable
{
    // All have begun, and the batches are as large as they become.
    private static readonly TimeSpan Start = TimeSpan.FromSeconds(0.3);

    private readonly Process _child;

    public Load(int port, int clients)
    {
        var start = ChildProcess.Again("clients", $"{port}", $"{clients}");
        start.RedirectStandardInput = true;
        _child = Process.Start(start)!;
    }

    /// <summary>Lets them ask for a while.</summary>
    public LoadRound Run(TimeSpan time)
    {
        _child.StandardInput.WriteLine(time.TotalSeconds.ToString(CultureInfo.InvariantCulture));
        var numbers = (_child.StandardOutput.ReadLine() ?? throw new InvalidOperationException("the clients ended"))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(number => double.Parse(number, CultureInfo.InvariantCulture)).ToArray();
        return new(numbers[2..].Length / time.TotalSeconds, TimeSpan.FromSeconds(numbers[0]), (int)numbers[1], numbers[2..]);
    }

    public void Dispose()
    {
        _child.StandardInput.Close();
        _child.WaitForExit();
        _child.Dispose();
    }

    /// <summary>The clients' own process: of each line it reads it makes a round of so many seconds.</summary>
    public static int RunClients(int port, int count)
    {
        var seed = 100_000_000;
        while (Console.ReadLine() is { } line)
        {
            // A server closes connections on which nothing happens for long.
            var clients = Enumerable.Range(0, count).Select(_ => new RawClient(port)).ToArray();
            var (before, first) = (Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp() + (long)(Start.TotalSeconds * Stopwatch.Frequency));
            var last = first + (long)(double.Parse(line, CultureInfo.InvariantCulture) * Stopwatch.Frequency);
            var (all, times) = (0, new List<double>[count]);
            var threads = clients.Select((client, i) => new Thread(() => times[i] = Ask(client)) { IsBackground = true }).ToArray();
            Array.ForEach(threads, thread => thread.Start());
            Array.ForEach(threads, thread => thread.Join());
            Array.ForEach(clients, client => client.Dispose());
            var processor = (Environment.CpuUsage.TotalTime - before).TotalSeconds;
            Console.WriteLine(string.Join(' ', times.SelectMany(one => one).Prepend(all).Prepend(processor).Select(number => number.ToString("R", CultureInfo.InvariantCulture))));

            List<double> Ask(RawClient client)
            {
                List<double> milliseconds = [];
                for (var began = Stopwatch.GetTimestamp(); began < last;)
                {
                    client.Draw(Interlocked.Increment(ref seed));
                    Interlocked.Increment(ref all);
                    var ended = Stopwatch.GetTimestamp();
                    if (ended >= first && ended < last)
                    {
                        milliseconds.Add(Stopwatch.GetElapsedTime(began, ended).TotalMilliseconds);
                    }

                    began = ended;
                }

                return milliseconds;
            }
        }

        return 0;
    }
}

/// <summary>What came of a round.</summary>
/// <param name="Rate">Pictures a second, counted when all clients had begun and until the first stopped.</param>
/// <param name="Processor">The clients' processor time.</param>
/// <param name="All">All pictures, for which that was.</param>
/// <param name="Milliseconds">From each request to the last byte of its answer.</param>
internal sealed record LoadRound(double Rate, TimeSpan Processor, int All, double[] Milliseconds)
{
    /// <summary>Milliseconds of the clients' processor time for a picture.</summary>
    public double ProcessorEach => Processor.TotalMilliseconds / All;
}
