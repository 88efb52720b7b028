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
    public async Task Two_processes_write_the_samples_of_one_byte_for_byte()
    {
        var model = TinyModel.Make(_folder);
        string[] command = ["sample-npz", model, "-n", "2300", "--classes", "all", "--threads", "1", "--out"];
        Cm.Succeed([.. command, _folder["one.npz"], "-q"]);
        var result = await Mpirun([.. command, _folder["two.npz"]]);
        Assert.True(result.Code == 0, result.Error);
        Assert.Equal([_folder["two.npz"]], result.OutLines);
        Assert.Equal(File.ReadAllBytes(_folder["one.npz"]), File.ReadAllBytes(_folder["two.npz"]));
        Assert.False(Directory.Exists(_folder["two.npz.parts"]));
    }

    [Fact]
    public async Task Samples_that_were_interrupted_go_on()
    {
        var model = TinyModel.Make(_folder);
        Cm.Succeed("sample-npz", model, "-n", "2500", "--out", _folder["whole.npz"], "-q");
        using (var process = CmProcess.Start("sample-npz", model, "-n", "3000000", "--out", _folder["stopped.npz"]))
        {
            await Eventually.True(() => Parts() > 3, process);
            CmProcess.Signal(process, CmProcess.Interrupt);
            Assert.Equal(130, (await CmProcess.Finish(process)).Code);
        }

        // Another number of them begins with the same. A damaged part is drawn again.
        Assert.False(File.Exists(_folder["stopped.npz"]));
        File.WriteAllBytes(_folder["stopped.npz.parts", "00000000.safetensors"], new byte[100]);
        var result = Cm.Succeed("sample-npz", model, "-n", "2500", "--out", _folder["stopped.npz"]);
        Assert.Contains("1000 of them drawn by a command before", result.Error, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(_folder["whole.npz"]), File.ReadAllBytes(_folder["stopped.npz"]));
        Assert.False(Directory.Exists(_folder["stopped.npz.parts"]));

        int Parts() => Directory.Exists(_folder["stopped.npz.parts"]) ? Directory.GetFiles(_folder["stopped.npz.parts"], "*.safetensors").Length : 0;
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
