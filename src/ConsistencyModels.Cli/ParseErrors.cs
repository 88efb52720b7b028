using System.CommandLine;
using ConsistencyModels.Cli.Help;

namespace ConsistencyModels.Cli;

/// <summary>One line for a command line that cannot be understood.</summary>
internal static class ParseErrors
{
    /// <summary>Describes the first error and says where help is.</summary>
    public static string Describe(ParseResult result)
    {
        var command = result.CommandResult.Command;
        var help = $"{CommandPath.Of(command)} --help";
        return result.UnmatchedTokens is [var token, ..]
            ? $"'{token}' is not known here.{NearNames.Hint(token, Candidates(command, token))} See {help}"
            : $"{result.Errors[0].Message.TrimEnd('.')}; see {help}";
    }

    private static IEnumerable<string> Candidates(Command command, string token) => token.StartsWith('-')
        ? command.Options.Where(option => !option.Hidden).SelectMany(option => option.Aliases.Prepend(option.Name)).Where(name => name.StartsWith("--", StringComparison.Ordinal))
        : command.Subcommands.Select(subcommand => subcommand.Name).Concat(
            command.Subcommands.SelectMany(subcommand => subcommand.Subcommands).Select(verb => CommandPath.Of(verb)).Where(path => path.EndsWith($" {token}", StringComparison.Ordinal)));
}
