using System.CommandLine;

namespace ConsistencyModels.Cli;

/// <summary>A command with lines to copy in its help.</summary>
/// <param name="name">The verb.</param>
/// <param name="description">What it does, in a sentence or a few.</param>
/// <param name="examples">Whole command lines, each with a comment if need be.</param>
internal sealed class CliCommand(string name, string description, params string[] examples) : Command(name, description)
{
    /// <summary>The lines.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;
}
