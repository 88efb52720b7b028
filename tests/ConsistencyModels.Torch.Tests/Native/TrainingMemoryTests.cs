using System.Collections;
using System.Runtime.InteropServices;
using ConsistencyModels.Torch.Native;

namespace ConsistencyModels.Torch.Tests.Native;

public class TrainingMemoryTests
{
    [Fact]
    public void Malloc_is_set_up_where_it_is_that_of_glibc()
    {
        var glibc = OperatingSystem.IsLinux() && NativeLibrary.TryLoad("libc.so.6", out var libc) && NativeLibrary.TryGetExport(libc, "mallopt", out _);
        Assert.Equal(glibc && !TrainingMemory.IsChosen(Environment.GetEnvironmentVariables()), TrainingMemory.Keep());
        Assert.Equal(TrainingMemory.Keep(), TrainingMemory.Keep());
    }

    [Theory]
    [InlineData("GLIBC_TUNABLES", "glibc.malloc.mmap_threshold=1048576", true)]
    [InlineData("GLIBC_TUNABLES", "glibc.pthread.rseq=0", false)]
    [InlineData("MALLOC_TRIM_THRESHOLD_", "0", true)]
    [InlineData("PATH", "glibc.malloc.", false)]
    public void What_the_user_has_chosen_stays(string name, string value, bool expected) =>
        Assert.Equal(expected, TrainingMemory.IsChosen(new Hashtable { [name] = value }));
}
