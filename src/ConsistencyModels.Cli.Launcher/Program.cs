using ConsistencyModels.Cli.Launcher;

const int BadInput = 2;

var variable = Environment.GetEnvironmentVariable(InstructionSets.Variable);
if (InstructionSets.Choose(variable, InstructionSets.OfProcessor()) is not { } set)
{
    Text.WriteError(string.IsNullOrEmpty(variable)
        ? "cm: this processor has no AVX2, which the native program is compiled for; the program that dotnet build makes runs on it"
        : $"cm: {InstructionSets.Variable}: found \"{variable}\", expected v3 or v4, and a processor that has it");
    return BadInput;
}

var path = Path.Combine(AppContext.BaseDirectory, $"cm-{set}{(OperatingSystem.IsWindows() ? ".exe" : "")}");
if (!File.Exists(path))
{
    Text.WriteError($"cm: {path}: not there; cm needs the files that were published with it");
    return BadInput;
}

return Successor.Run(path, args);
