using System.CommandLine;
using System.CommandLine.Invocation;
using System.Globalization;

namespace ConsistencyModels.Cli.Help;

/// <summary>
/// The help page of a command. System.CommandLine's own makes its first column as wide as the longest name (half of the screen),
/// and does not wrap where the output is no terminal.
/// </summary>
internal sealed class HelpPage : SynchronousCommandLineAction
{
    private const int Narrowest = 40;

    // Longer lines are hard to read.
    private const int Widest = 110;
    private const int Usual = 100;

    private static readonly string[] ForRoot =
    [
        "cm generate --classes all -n 32 --grid    # a sheet of pictures by the bundled model",
        "cm generate --model FOLDER --steps 2      # one picture by a model of your own, in two steps",
        "cm edit inpaint photo.png --rect 8,8,16,16    # fill a hole",
        "cm train PICTURES --run runs/first        # a model of your own pictures",
        "cm generate --help                        # every command has a help page with examples",
    ];

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <summary>Lines to copy of a command.</summary>
    public static IReadOnlyList<string> ExamplesOf(Command command) => command switch
    {
        RootCommand => ForRoot,
        CliCommand own => own.Examples,
        _ => [],
    };

    /// <inheritdoc/>
    /// <exception cref="ConsistencyModelsException">There is no such command.</exception>
    public override int Invoke(ParseResult parseResult)
    {
        // A command that is not there has no help; a wrong option of one that is there is what help is asked for.
        var command = parseResult.CommandResult.Command;
        if (command.Subcommands.Count > 0 && parseResult.UnmatchedTokens.Count > 0)
        {
            throw new ConsistencyModelsException(ParseErrors.Describe(parseResult));
        }

        Write(parseResult.InvocationConfiguration.Output, command, Width());
        return ExitCode.Fine;
    }

    /// <summary>Writes a page.</summary>
    /// <param name="output">Where to write.</param>
    /// <param name="command">The command.</param>
    /// <param name="width">Characters in a line.</param>
    public static void Write(TextWriter output, Command command, int width)
    {
        var columns = new TextColumns(output, width);
        var path = CommandPath.Of(command);
        columns.Write(command.Description ?? "");
        output.WriteLine();
        output.WriteLine("Usage:");
        output.WriteLine(command.Subcommands.Count > 0 ? $"  {path} COMMAND" : $"  {path} {string.Concat(command.Arguments.Select(argument => Usage(argument) + " "))}[options]");
        Section("Commands", [.. command.Subcommands.Where(one => !one.Hidden).Select(one => (one.Name, FirstSentence(one.Description ?? "")))]);
        Section("Arguments", [.. command.Arguments.Select(argument => (NameOf(argument), argument.Description ?? ""))]);
        var groups = (command as CliCommand)?.Groups ?? [];
        var apart = groups.SelectMany(group => group.Options).ToHashSet();
        Section("Options", [.. Visible(command.Options.Where(option => !apart.Contains(option))), .. command is RootCommand ? [] : new (string, string)[] { ("-h, --help", "Show this page") }]);
        foreach (var (title, options) in groups)
        {
            Section(title, [.. Visible(options)]);
        }

        WriteExamples(output, ExamplesOf(command), width);

        void Section(string title, IReadOnlyList<(string, string)> pairs)
        {
            if (pairs.Count > 0)
            {
                output.WriteLine();
                output.WriteLine($"{title}:");
                columns.Write(pairs);
            }
        }
    }

    // A comment that does not fit behind its command stands above it: a line to copy is never broken.
    private static void WriteExamples(TextWriter output, IReadOnlyList<string> examples, int width)
    {
        if (examples.Count == 0)
        {
            return;
        }

        output.WriteLine();
        output.WriteLine("Examples:");
        var pairs = examples.Select(Example.Of).ToList();
        var longest = pairs.Max(pair => pair.Command.Length);
        var beside = pairs.All(pair => 2 + longest + 4 + pair.Comment.Length <= width);
        foreach (var (line, comment) in pairs)
        {
            if (comment.Length > 0 && !beside)
            {
                foreach (var part in TextColumns.Wrap(comment, width - 4))
                {
                    output.WriteLine($"  # {part}");
                }
            }

            output.WriteLine(comment.Length > 0 && beside ? $"  {line.PadRight(longest)}  # {comment}" : $"  {line}");
        }
    }

    private static IEnumerable<(string, string)> Visible(IEnumerable<Option> options) => options.Where(option => !option.Hidden).Select(option => (NameOf(option), option.Description ?? ""));

    private static string NameOf(Option option)
    {
        var names = string.Join(", ", option.Aliases.Where(alias => alias is [_, not ('?' or '-')]).Append(option.Name).Distinct().OrderBy(name => name.Length));
        var value = option.Arity.MaximumNumberOfValues == 0 || option.ValueType == typeof(bool) || option.HelpName is null ? "" : $" {option.HelpName}";
        return $"{names}{value}{(option.Required ? " (required)" : "")}";
    }

    private static string NameOf(Argument argument) => (argument.HelpName ?? argument.Name).ToUpperInvariant();

    private static string Usage(Argument argument)
    {
        var name = NameOf(argument) + (argument.Arity.MaximumNumberOfValues > 1 ? "..." : "");
        return argument.Arity.MinimumNumberOfValues == 0 ? $"[{name}]" : name;
    }

    private static string FirstSentence(string text)
    {
        var end = text.IndexOf(". ", StringComparison.Ordinal);
        return end < 0 ? text : text[..(end + 1)];
    }

    private static int Width()
    {
        if (int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), NumberStyles.None, CultureInfo.InvariantCulture, out var columns) && columns > 0)
        {
            return Math.Clamp(columns, Narrowest, Widest);
        }

        // A terminal of no width is one nobody told it.
        return Console.IsOutputRedirected || Console.WindowWidth < 1 ? Usual : Math.Clamp(Console.WindowWidth, Narrowest, Widest);
    }
}

/// <summary>A line to copy and what it does.</summary>
/// <param name="Command">The command line.</param>
/// <param name="Comment">What it does, or "".</param>
internal sealed record Example(string Command, string Comment)
{
    /// <summary>Reads "command    # comment".</summary>
    public static Example Of(string line)
    {
        var hash = line.IndexOf(" # ", StringComparison.Ordinal);
        return hash < 0 ? new(line, "") : new(line[..hash].TrimEnd(), line[(hash + 3)..].Trim());
    }
}

/// <summary>How a command is called.</summary>
internal static class CommandPath
{
    /// <summary>The whole of it, as in "cm edit stroke".</summary>
    public static string Of(Command command) => command is RootCommand ? "cm"
        : command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{Of(parent)} {command.Name}" : command.Name;
}
