using System.CommandLine;

namespace ConsistencyModels.Cli.Help;

/// <summary>A command with lines to copy in its help.</summary>
/// <param name="name">The verb.</param>
/// <param name="description">What it does: one sentence for the list of commands, and any number after it for the command's own page.</param>
/// <param name="examples">Whole command lines, each with a comment behind " # " if need be.</param>
internal sealed class CliCommand(string name, string description, params string[] examples) : Command(name, description)
{
    private readonly List<(string Title, IReadOnlyList<Option> Options)> _groups = [];

    /// <summary>The lines.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;

    /// <summary>Options that the help shows apart, below the command's own.</summary>
    public IReadOnlyList<(string Title, IReadOnlyList<Option> Options)> Groups => _groups;

    /// <summary>Adds options that belong together.</summary>
    /// <param name="title">What the help calls them.</param>
    /// <param name="options">The options.</param>
    public void AddGroup(string title, IReadOnlyList<Option> options)
    {
        _groups.Add((title, options));
        foreach (var option in options)
        {
            Add(option);
        }
    }
}
