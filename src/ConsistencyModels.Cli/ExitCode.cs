namespace ConsistencyModels.Cli;

/// <summary>What the process tells its caller.</summary>
internal static class ExitCode
{
    /// <summary>Done; for a training run also "saved and stopped as asked".</summary>
    public const int Fine = 0;

    /// <summary>Something unexpected: a mistake in this program, or memory.</summary>
    public const int Failed = 1;

    /// <summary>What was asked for cannot be done: an argument, a file, a device.</summary>
    public const int BadInput = 2;

    /// <summary>Stopped by the user before it was done, as shells count it; what was written before that stays.</summary>
    public const int Cancelled = 130;
}
