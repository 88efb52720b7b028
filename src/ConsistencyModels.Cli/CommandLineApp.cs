using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using ConsistencyModels.Cli.Commands;
using ConsistencyModels.Engines;
using ConsistencyModels.Torch;

namespace ConsistencyModels.Cli;

/// <summary>The program: parses, runs a command, and makes one line and an exit code of whatever goes wrong.</summary>
/// <param name="console">Where it writes.</param>
/// <param name="cancellation">Cancelled when the user wants it to stop.</param>
internal sealed class CommandLineApp(CliConsole console, CancellationToken cancellation = default)
{
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
            var result = Root(args).Parse(args);
            return result.Action is ParseErrorAction
                ? Report(new(ParseErrors.Describe(result), ExitCode.BadInput))
                : result.Invoke(new InvocationConfiguration
                {
                    Output = console.Out,
                    Error = console.Error,
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = null,
                });
        }
        catch (Exception e)
        {
            return Report(Failure.Tell(e, console.Error));
        }
    }

    private int Report(Failure failure)
    {
        console.Error.WriteLine($"cm: {failure.Printable}");
        return failure.Code;
    }

    private RootCommand Root(IReadOnlyList<string> args)
    {
        var context = new CommandContext(console, args, Engines, cancellation);
        var root = new RootCommand("Consistency models: pictures from noise in one or a few steps.")
        {
            HelpName = "cm",
            Subcommands =
            {
                GenerateCommand.Create(context),
                EditCommand.Create(context),
                SearchStepsCommand.Create(context),
                TrainCommand.Create(context),
                InfoCommand.Create(context),
                ConvertCommand.Create(context),
                ExportCommand.Create(context),
                DownloadCommand.Create(context),
                NewCommand.Create(context),
                BenchCommand.Create(context),
                DoctorCommand.Create(context),
                CompletionCommand.Create(context),
            },
        };
        foreach (var option in root.Options)
        {
            option.Action = option switch
            {
                HelpOption => new HelpWithExamples(),
                VersionOption => new VersionAction(),
                _ => option.Action,
            };
        }

        root.SetAction(result => new HelpWithExamples().Invoke(result));
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
internal sealed record CommandContext(CliConsole Console, IReadOnlyList<string> Arguments, EngineRegistry Engines, CancellationToken Cancellation);

/// <summary>A command with lines to copy in its help.</summary>
/// <param name="name">The verb.</param>
/// <param name="description">What it does, in a sentence or a few.</param>
/// <param name="examples">Whole command lines, each with a comment if need be.</param>
internal sealed class CliCommand(string name, string description, params string[] examples) : Command(name, description)
{
    /// <summary>The lines.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;
}

/// <summary>System.CommandLine's help, and below it lines to copy.</summary>
internal sealed class HelpWithExamples : SynchronousCommandLineAction
{
    private static readonly string[] ForRoot =
    [
        "cm generate --classes all -n 32 --grid    # a sheet of pictures by the bundled model",
        "cm generate --model FOLDER --steps 2      # one picture by a model of your own, in two steps",
        "cm train PICTURES --run runs/first        # a model of your own pictures",
        "cm generate --help                        # every command has a help page with examples",
    ];

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        var code = new HelpAction().Invoke(parseResult);
        IReadOnlyList<string> lines = parseResult.CommandResult.Command switch
        {
            RootCommand => ForRoot,
            CliCommand command => command.Examples,
            _ => [],
        };
        var output = parseResult.InvocationConfiguration.Output;
        if (lines.Count > 0)
        {
            output.WriteLine("Examples:");
            foreach (var line in lines)
            {
                output.WriteLine($"  {line}");
            }

            output.WriteLine();
        }

        return code;
    }
}
