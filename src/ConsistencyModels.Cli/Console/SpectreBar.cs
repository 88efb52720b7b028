using Spectre.Console;

namespace ConsistencyModels.Cli;

/// <summary>A progress bar. Alone in its class, so that Spectre.Console is loaded only for work that takes a while.</summary>
internal static class SpectreBar
{
    /// <summary>Redraws one line until the work is done, then takes it away.</summary>
    /// <param name="error">Where to draw.</param>
    /// <param name="what">What is being done.</param>
    /// <param name="now">The part done, 0 to 1, and a few words beside it.</param>
    /// <param name="finished">Waits a moment and says whether the work is done.</param>
    public static void Show(TextWriter error, string what, Func<(double Part, string Words)> now, Func<bool> finished)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput((error as PlainWriter)?.Inner ?? error) });
        console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context =>
            {
                var task = context.AddTask(Markup.Escape(what), maxValue: 1);
                do
                {
                    var (part, words) = now();
                    task.Value = part;
                    task.Description = Markup.Escape(words.Length == 0 ? what : $"{what} {words}");
                }
                while (!finished());
            });
    }
}
