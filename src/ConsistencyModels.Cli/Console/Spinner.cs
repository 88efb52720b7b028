using System.Globalization;

namespace ConsistencyModels.Cli;

/// <summary>
/// Runs work and shows how far it is, once it has taken a second or so: a bar where somebody watches, now and then a plain line
/// where nobody does.
/// </summary>
internal static class Spinner
{
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(15);

    /// <summary>Runs the work to its end and hands on what it returns or throws.</summary>
    /// <param name="console">Where to show it.</param>
    /// <param name="what">What is being done, as "loading the model".</param>
    /// <param name="work">The work. It reports the part done, 0 to 1, and a few words beside it or "".</param>
    public static T For<T>(CliConsole console, string what, Func<Action<double, string>, T> work)
    {
        var state = new State();
        return Watch(console, what, state, Task.Factory.StartNew(
            () => work(state.Set), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
    }

    /// <summary>The same for work that waits more than it computes, such as a download.</summary>
    /// <param name="console">Where to show it.</param>
    /// <param name="what">What is being done, as "downloading".</param>
    /// <param name="work">The work. It reports the part done, 0 to 1, and a few words beside it or "".</param>
    public static T For<T>(CliConsole console, string what, Func<Action<double, string>, Task<T>> work)
    {
        var state = new State();
        return Watch(console, what, state, Task.Run(() => work(state.Set)));
    }

    // The program's own thread has nothing else to do than to draw, so here it may wait.
    private static T Watch<T>(CliConsole console, string what, State state, Task<T> task)
    {
        if (!Finished(task, console.Patience) && !ReferenceEquals(console.Error, TextWriter.Null))
        {
            if (console.ErrorIsTerminal)
            {
                SpectreBar.Show(console.Error, what, () => state.Now, () => Finished(task, TimeSpan.FromMilliseconds(200)));
            }
            else
            {
                WriteLines(console.Error, what, state, task);
            }
        }

        return task.GetAwaiter().GetResult();
    }

    private static void WriteLines(TextWriter error, string what, State state, Task task)
    {
        do
        {
            var (part, words) = state.Now;
            error.WriteLine(part == 0 ? $"{what} ..." : string.Create(CultureInfo.InvariantCulture, $"{what}: {100 * part:F0}% {words}").TrimEnd());
        }
        while (!Finished(task, BetweenLines));
    }

    // Wait throws what the task threw; that is for the caller, unwrapped.
    private static bool Finished(Task task, TimeSpan patience) => Task.WaitAny([task], patience) == 0;

    private sealed class State
    {
        private readonly Lock _lock = new();
        private (double Part, string Words) _now = (0, "");

        public (double Part, string Words) Now
        {
            get
            {
                lock (_lock)
                {
                    return _now;
                }
            }
        }

        public void Set(double part, string words)
        {
            var plain = Printable.Line(words);
            lock (_lock)
            {
                _now = (part, plain);
            }
        }
    }
}

/// <summary>Progress told on the thread that makes it: <see cref="Progress{T}"/> would tell it later, on another.</summary>
/// <param name="tell">What to do with it.</param>
internal sealed class SynchronousProgress<T>(Action<T> tell) : IProgress<T>
{
    /// <inheritdoc/>
    public void Report(T value) => tell(value);
}
