using ConsistencyModels.Engines;

namespace ConsistencyModels.Cli;

/// <summary>What a command needs from the program around it.</summary>
/// <param name="Console">Where it writes.</param>
/// <param name="Arguments">The command line, to show how to go on.</param>
/// <param name="Engines">What can run networks.</param>
/// <param name="Cancellation">Cancelled when the user wants it to stop.</param>
internal sealed record CommandContext(CliConsole Console, IReadOnlyList<string> Arguments, EngineRegistry Engines, CancellationToken Cancellation);
