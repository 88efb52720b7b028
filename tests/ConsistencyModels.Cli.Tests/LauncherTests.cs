using ConsistencyModels.Cli.Launcher;

namespace ConsistencyModels.Cli.Tests;

/// <summary>Which of the published programs a processor gets.</summary>
public sealed class LauncherTests
{
    private const string Avx2 = "fpu sse2 abm avx2 bmi1 bmi2 f16c fma movbe";
    private const string Avx512 = $"{Avx2} avx512f avx512bw avx512cd avx512dq avx512vl";

    [Theory]
    [InlineData(Avx512, "v4")]
    [InlineData(Avx2, "v3")]
    [InlineData($"{Avx2} avx512f", "v3")]
    [InlineData("fpu sse2 avx512f avx512bw avx512cd avx512dq avx512vl", null)]
    [InlineData("fpu sse2 avx", null)]
    [InlineData("fpu avx2ish fmax", null)]
    [InlineData("", null)]
    public void The_best_that_all_its_extensions_are_there_for(string flags, string? expected) => Assert.Equal(expected, InstructionSets.OfFlags(flags));

    [Theory]
    [InlineData(null, "v4", "v4")]
    [InlineData("", "v3", "v3")]
    [InlineData("v3", "v4", "v3")]
    [InlineData("v4", "v3", null)]
    [InlineData("v3", null, null)]
    [InlineData("v5", "v4", null)]
    [InlineData(null, null, null)]
    public void One_that_is_asked_for_must_be_there(string? asked, string? best, string? expected) => Assert.Equal(expected, InstructionSets.Choose(asked, best));

    [Fact]
    public void It_sees_what_the_runtime_sees()
    {
        Assert.SkipWhen(System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture != System.Runtime.InteropServices.Architecture.X64, "the launcher is for x64");
        var runtime = System.Runtime.Intrinsics.X86.Avx512F.VL.IsSupported ? "v4" : System.Runtime.Intrinsics.X86.Avx2.IsSupported ? "v3" : null;
        Assert.Equal(runtime, InstructionSets.OfProcessor());
    }

    [Fact]
    public async Task Without_the_programs_beside_it_it_says_so()
    {
        using var process = Processes.CmProcess.Launch(Path.Combine(AppContext.BaseDirectory, "cm-launcher"), "doctor");
        var result = await Processes.CmProcess.Finish(process);
        Assert.Equal(2, result.Code);
        Assert.StartsWith("cm: ", Assert.Single(result.Error.TrimEnd().Split('\n')));
    }
}
