using System.Diagnostics;

namespace ConsistencyModels.Tests.Cpu;

/// <summary>The kernels' tests again on what the processor would do without its newer instructions: the JIT decides once a process.</summary>
public sealed class InstructionSetTests
{
    [Theory]
    [InlineData("DOTNET_EnableAVX512")] // the tiles of 256 bits
    [InlineData("DOTNET_EnableAVX2")] // those of 128, without fused multiply-add
    [InlineData("DOTNET_EnableHWIntrinsic")] // nothing but the base
    public async Task Kernels_are_right_without(string feature)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { [feature] = "0", [Iterations.Variable] = "5" },
        };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet")
        {
            start.ArgumentList.Add(typeof(InstructionSetTests).Assembly.Location);
        }

        foreach (var argument in new[]
        {
            "--filter-class", typeof(KernelTests).FullName!, typeof(StepTests).FullName!, typeof(CpuUNetGoldenTests).FullName!,
            typeof(LayerErrorTests).FullName!, typeof(ConvolutionErrorTests).FullName!, typeof(GradientKernelTests).FullName!, typeof(GradientStepTests).FullName!,
        })
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(process.ExitCode == 0, output + await error);
    }
}
