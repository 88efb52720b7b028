using ConsistencyModels.Training.Parallel;

namespace ConsistencyModels.Training.Tests.Parallel;

public sealed class MpiLaunchTests
{
    [Theory]
    [InlineData(false, "")]
    [InlineData(true, "OMPI_COMM_WORLD_SIZE=2")]
    [InlineData(true, "OMPI_COMM_WORLD_SIZE=1")]
    [InlineData(false, "OMPI_COMM_WORLD_SIZE=")]
    [InlineData(true, "PMIX_RANK=0")]
    [InlineData(true, "PMI_SIZE=2")]
    [InlineData(false, "PMI_SIZE=1")]
    [InlineData(false, "PMI_SIZE=two")]
    public void A_launcher_is_known_by_the_environment(bool expected, string environment) => Assert.Equal(expected, MpiCollective.IsLaunchedIn(In(environment)));

    [Theory]
    [InlineData(null, "OMPI_COMM_WORLD_SIZE=2")]
    [InlineData(null, "OMPI_COMM_WORLD_SIZE=2 PMI_SIZE=2")]
    [InlineData(null, "PMIX_RANK=0 PMI_SIZE=2")]
    [InlineData(
        "PMI_SIZE: found 2 processes of a launcher that is not Open MPI's, as MPICH's is; expected mpirun of Open MPI: apt-get install openmpi-bin",
        "PMI_SIZE=2")]
    public void Processes_of_another_launcher_are_refused(string? expected, string environment) => Assert.Equal(expected, MpiCollective.RefusalIn(In(environment)));

    [Fact]
    public void A_missing_library_names_the_package()
    {
        var exception = Assert.Throws<ConsistencyModelsException>(() => OpenMpi.Load("libmpi-of-nobody.so.40"));
        Assert.Equal("libmpi-of-nobody.so.40: does not load: several processes need Open MPI: apt-get install openmpi-bin", exception.Message);
    }

    [Fact]
    public void Another_library_is_not_taken_for_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "a library that every Linux has");
        var exception = Assert.Throws<ConsistencyModelsException>(() => OpenMpi.Load("libc.so.6"));
        Assert.StartsWith("libc.so.6: is not Open MPI's library: ", exception.Message);
        Assert.DoesNotContain('\n', exception.Message);
    }

    [Fact]
    public async Task One_process_needs_no_MPI()
    {
        var result = await Mpirun.Alone([], "alone");
        Assert.Equal(["launched: False; loaded: False; This process was not started by mpirun."], result.Fine());
    }

    [Fact]
    public async Task What_one_process_throws_goes_on_to_its_caller()
    {
        var result = await Mpirun.Alone([], "throw");
        Assert.NotEqual(0, result.Code);
        Assert.DoesNotContain("rank", result.Errors);
        Assert.Contains("ConsistencyModelsException: cats.zip: damaged", result.Errors);
    }

    [Fact]
    public async Task The_process_of_another_launcher_ends_with_one_line()
    {
        var result = await Mpirun.Alone(new() { ["PMI_SIZE"] = "3" }, "refused");
        Assert.Equal(2, result.Code);
        Assert.StartsWith("PMI_SIZE: found 3 processes", Assert.Single(result.Output));
    }

    private static Func<string, string?> In(string environment)
    {
        var variables = environment.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => text.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        return variables.GetValueOrDefault;
    }
}
