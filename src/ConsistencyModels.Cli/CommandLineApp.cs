using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Text.RegularExpressions;
using ConsistencyModels.Cli.Commands;
using ConsistencyModels.Cli.Help;
using ConsistencyModels.Engines;
using ConsistencyModels.Torch;
using ConsistencyModels.Training.Parallel;

namespace ConsistencyModels.Cli;

/// <summary>The program: parses, runs a command, and makes one line and an exit code of whatever goes wrong.</summary>
/// <param name="console">Where it writes.</param>
/// <param name="cancellation">Cancelled when the user wants it to stop.</param>
/// <param name="takeTime">See <see cref="CommandContext.TakeTime"/>; null where nobody is in a hurry.</param>
internal sealed partial class CommandLineApp(CliConsole console, CancellationToken cancellation = default, Func<IDisposable?>? takeTime = null)
{
    private readonly CliConsole _console = console.Plain();

    /// <summary>The version of the program.</summary>
    public static string Version { get; } = typeof(CommandLineApp).Assembly.GetName().Version!.ToString(3);

    // The second is made when it is asked for: until then no assembly of libtorch's is loaded.
    private static EngineRegistry Engines { get; } = EngineRegistry.Managed.With("torch", static () => new TorchEngine());

    /// <summary>Runs a command line.</summary>
    /// <param name="args">The arguments, without the program's name.</param>
    /// <returns>See <see cref="ExitCode"/>.</returns>
    public int Run(IReadOnlyList<string> args)
    {
        try
        {
            var result = Root(args).Parse(Completable(args));
            return result.Action is ParseErrorAction
                ? Report(new(ParseErrors.Describe(result), ExitCode.BadInput))
                : result.Invoke(new InvocationConfiguration
                {
                    Output = _console.Out,
                    Error = _console.Error,
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = null,
                });
        }
        catch (Exception e)
        {
            return Report(Failure.Tell(e, _console.Error));
        }
    }

    // System.CommandLine cannot complete behind an equals sign; a blank in its place is as long, and means the same.
    private static IReadOnlyList<string> Completable(IReadOnlyList<string> args) =>
        args is [var directive, var line] && directive.StartsWith("[suggest", StringComparison.Ordinal)
            ? [directive, OptionWithValue().Replace(line, "$1 ")]
            : args;

    [GeneratedRegex("( --[a-z-]+)=")]
    private static partial Regex OptionWithValue();

    private int Report(Failure failure)
    {
        _console.Error.WriteLine($"cm: {failure.Printable}");
        return failure.Code;
    }

    internal RootCommand Root(IReadOnlyList<string> args)
    {
        var context = new CommandContext(_console, args, Engines, cancellation) { TakeTime = takeTime ?? (() => null) };
        var root = new RootCommand("Consistency models: pictures from noise in one or a few steps.")
        {
            HelpName = "cm",
            Subcommands =
            {
                GenerateCommand.Create(context),
                EditCommand.Create(context),
                SearchStepsCommand.Create(context),
                TrainCommand.Create(context),
                EvaluateCommand.Create(context),
                CardCommand.Create(context),
                StatsCommand.Create(context),
                SampleNpzCommand.Create(context),
                ExtractorCommand.Create(context),
                InfoCommand.Create(context),
                ConvertCommand.Create(context),
                ExportCommand.Create(context),
                DownloadCommand.Create(context),
                ModelsCommand.Create(context),
                NewCommand.Create(context),
                ServeCommand.Create(context),
                BenchCommand.Create(context),
                DoctorCommand.Create(context),
                CompletionCommand.Create(context),
            },
        };
        // In place of System.CommandLine's own, which has the aliases of another system.
        root.Options.Remove(root.Options.OfType<HelpOption>().Single());
        root.Options.Add(new HelpOption("--help", "-h", "-?") { Description = "Show this page", Action = new HelpPage() });
        root.Options.OfType<VersionOption>().Single().Action = new VersionAction();
        root.SetAction(result => new HelpPage().Invoke(result));
        return root;
    }

    private sealed class VersionAction : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine($"cm {Version}");
            return ExitCode.Fine;
        }
    }
}

/// <summary>What a command needs from the program around it.</summary>
/// <param name="Console">Where it writes.</param>
/// <param name="Arguments">The command line, to show how to go on.</param>
/// <param name="Engines">What can run networks.</param>
/// <param name="Cancellation">Cancelled when the user wants it to stop.</param>
internal sealed record CommandContext(CliConsole Console, IReadOnlyList<string> Arguments, EngineRegistry Engines, CancellationToken Cancellation)
{
    /// <summary>Until the result is disposed, a command that is to stop is not ended after a second: it saves.</summary>
    public Func<IDisposable?> TakeTime { get; init; } = static () => null;

    /// <summary>Runs what the processes of mpirun share, or one process does alone; if it fails in one, all end with that one's line and code.</summary>
    /// <param name="work">What to do; returns the exit code.</param>
    public int RunShared(Func<ICollective, int> work) => MpiCollective.Run(work, exception =>
    {
        var failure = Failure.Tell(exception, Console.Error);
        return (failure.Printable, failure.Code);
    });
}
