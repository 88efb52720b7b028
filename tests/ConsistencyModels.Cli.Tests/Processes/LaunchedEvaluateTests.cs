namespace ConsistencyModels.Cli.Tests.Processes;

/// <summary>Evaluation by the processes of Open MPI's mpirun.</summary>
public sealed class LaunchedEvaluateTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Two_processes_write_the_manifest_of_one_to_the_last_digit()
    {
        var (model, pictures) = (TinyModel.Make(_folder), TinyModel.Pictures(_folder));
        string[] command = ["evaluate", model, "--reference", pictures, "-n", "12", "--batch", "1", "--metrics", "fd,pr", "--threads", "1", "--out"];
        Cm.Succeed([.. command, _folder["one"], "-q"]);
        var result = await Mpirun([.. command, _folder["two"]]);
        Assert.True(result.Code == 0, result.Error);
        Assert.Equal(File.ReadAllText(_folder["one", "evaluation.json"]), File.ReadAllText(_folder["two", "evaluation.json"]));
        Assert.Single(result.OutLines, line => line.StartsWith("FD-resnet18", StringComparison.Ordinal));
        Assert.Equal(2, Directory.GetFiles(_folder["two", "features"]).Length);
    }

    [Fact]
    public async Task Without_a_folder_they_cannot_share()
    {
        var pictures = TinyModel.Pictures(_folder);
        var result = await Mpirun(["evaluate", pictures, "--reference", pictures]);
        Assert.Equal(2, result.Code);
        Assert.Contains("--out is missing", result.Error);
    }

    private static async Task<Cm.Result> Mpirun(string[] args)
    {
        using var process = CmProcess.Mpirun([], args);
        return await CmProcess.Finish(process);
    }
}
