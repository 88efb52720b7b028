using ConsistencyModels.Cli.Reports;

namespace ConsistencyModels.Cli.Tests;

/// <summary>What differs between systems, as far as it can be seen on one.</summary>
public sealed class SystemsTests
{
    [Theory]
    [InlineData("a/b", "a/b", true, true)]
    [InlineData("a/b", "a/./c/../b/", true, true)]
    [InlineData("a/b", "A/B", false, true)]
    [InlineData("a/b", "a/c", false, false)]
    public void Paths_are_one_as_the_system_has_it(string one, string other, bool telling, bool ignoring)
    {
        Assert.Equal(telling, SamePath.Of(one, other, ignoresCase: false));
        Assert.Equal(ignoring, SamePath.Of(one, other, ignoresCase: true));
    }

    [Fact]
    public void A_processor_has_a_name_on_Arm_too()
    {
        Assert.Equal("AMD EPYC", Machine.LinuxProcessor(["processor\t: 0", "model name\t: AMD EPYC", "flags\t\t: fpu"]));
        Assert.Equal("Arm, implementer 0x41, part 0xd0c", Machine.LinuxProcessor(["processor\t: 0", "CPU implementer\t: 0x41", "CPU part\t: 0xd0c"]));
        Assert.Null(Machine.LinuxProcessor(["processor\t: 0"]));
        Assert.NotEmpty(Machine.Processor());
    }
}
