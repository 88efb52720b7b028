namespace ConsistencyModels.Cli.Generating;

/// <summary>One picture that was made.</summary>
/// <param name="File">Where it is; for a sheet the sheet.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Label">Its class, or null.</param>
internal sealed record Picture(string File, ulong Seed, int? Label);
