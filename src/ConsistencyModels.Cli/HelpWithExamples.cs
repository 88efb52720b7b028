using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace ConsistencyModels.Cli;

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
