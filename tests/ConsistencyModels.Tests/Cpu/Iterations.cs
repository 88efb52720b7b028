namespace ConsistencyModels.Tests.Cpu;

/// <summary>How many random cases a property is tried on: fewer in the child processes of <see cref="InstructionSetTests"/>.</summary>
internal static class Iterations
{
    public const string Variable = "CONSISTENCY_MODELS_TEST_ITERATIONS_DIVISOR";

    public static int Of(int count) =>
        int.TryParse(Environment.GetEnvironmentVariable(Variable), out var divisor) ? Math.Max(4, count / divisor) : count;
}
