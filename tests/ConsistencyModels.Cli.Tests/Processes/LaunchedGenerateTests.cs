namespace ConsistencyModels.Cli.Tests.Processes;

/// <summary>Pictures by several processes of mpirun, told by the variables it sets: together they are those of one process.</summary>
public sealed class LaunchedGenerateTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Processes_make_their_shares_of_the_pictures_of_one()
    {
        var model = TinyModel.Make(_folder);
        string[] line = ["generate", "--model", model, "-n", "7", "--seed", "3", "--classes", "floor,wall", "--engine", "cpu", "--quiet", "--out"];
        Cm.Succeed([.. line, _folder["one"]]);
        for (var rank = 0; rank < 3; rank++)
        {
            var result = await CmProcess.Run(Launched(rank, 3), [.. line, _folder["three"]]);
            Assert.True(result.Code == 0, result.Error);
            Assert.Equal(7 * (rank + 1) / 3, Directory.GetFiles(_folder["three"]).Length);
        }

        Assert.Equal(Pictures("one"), Pictures("three"));
    }

    [Theory]
    [InlineData("--seed is missing")]
    [InlineData("--grid is for one process", "--seed", "1", "--grid")]
    public async Task What_they_cannot_share_is_refused(string expected, params string[] words)
    {
        var result = await CmProcess.Run(Launched(0, 2), ["generate", "--model", TinyModel.Make(_folder), "-n", "4", "--out", _folder["x"], .. words]);
        Assert.Equal(2, result.Code);
        Assert.Contains(expected, result.Error);
        Assert.False(Directory.Exists(_folder["x"]));
    }

    private static Dictionary<string, string> Launched(int rank, int processes) => new()
    {
        ["OMPI_COMM_WORLD_RANK"] = $"{rank}",
        ["OMPI_COMM_WORLD_SIZE"] = $"{processes}",
    };

    private string[] Pictures(string folder) =>
        [.. Directory.GetFiles(_folder[folder]).Order(StringComparer.Ordinal).Select(file => $"{Path.GetFileName(file)} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file)))}")];
}
