namespace ConsistencyModels.Cli.Tests.Processes;

/// <summary>Training by the processes of Open MPI's mpirun, and what a person sees of them.</summary>
public sealed class LaunchedTrainTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly string _pictures;
    private readonly string _network;

    public LaunchedTrainTests()
    {
        _pictures = TinyModel.Pictures(_folder);
        _network = TinyModel.Config(_folder);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Two_processes_learn_what_one_learns_augmentation_included()
    {
        string[] Line(string run) =>
            ["train", _pictures, "--network", _network, "--run", _folder[run], "--batch", "4", "--images", "40", "--augment", "0.5", "--log-every", "1", "--threads", "1"];
        Cm.Succeed(Line("one"));
        var two = await Mpirun([], Line("two"));
        Assert.True(two.Code == 0, two.Error);
        var (expected, found) = (WholeRun.Read(_folder["one"]), WholeRun.Read(_folder["two"]));
        Assert.Equal(10, expected.Count);
        Assert.All(expected, pair => Assert.Equal(pair.Value, found[pair.Key], 1e-4 * pair.Value));

        // One process speaks.
        Assert.Equal([_folder["two", "model"]], two.OutLines);
        Assert.Equal(10, two.Error.Split("step ").Length - 1);
    }

    [Fact]
    public async Task A_dry_run_is_printed_once()
    {
        var result = await Mpirun([], "train", _pictures, "--network", _network, "--run", _folder["r"], "--batch", "4", "--images", "400", "--dry-run");
        Assert.True(result.Code == 0, result.Error);
        Assert.Single(result.OutLines, line => line.StartsWith("objective", StringComparison.Ordinal));
        Assert.Contains("2, each with 2 images of a step", result.Out);
        Assert.Contains("of 2 measured now in one of 2 processes", result.Out);
        Assert.False(Directory.Exists(_folder["r"]));

        result = await Mpirun([], "train", _pictures, "--network", _network, "--run", _folder["r"], "--batch", "5", "--dry-run");
        Assert.Equal(2, result.Code);
        Assert.Contains("batch: found 5, expected a multiple of the 2 processes", result.Error);
        Assert.Equal("", result.Out);
    }

    [Theory]
    [InlineData("1", true)]
    [InlineData("", false)]
    public async Task An_error_shows_where_it_is_from_to_whoever_asks(string debug, bool shown)
    {
        var result = await Mpirun(new() { ["CM_DEBUG"] = debug }, "train", _folder["nowhere"], "--network", _network, "--run", _folder["r"]);
        Assert.Equal(2, result.Code);
        Assert.Contains($"{_folder["nowhere"]}: not found", result.Error);
        Assert.Equal(shown, result.Error.Contains("   at ConsistencyModels.", StringComparison.Ordinal));
    }

    private static async Task<Cm.Result> Mpirun(Dictionary<string, string> environment, params string[] args)
    {
        using var process = CmProcess.Mpirun(environment, args);
        return await CmProcess.Finish(process);
    }
}
