namespace ConsistencyModels.Cli.Tests.Processes;

/// <summary>
/// Commands that write to a disk without room. The disk is a small tmpfs in a mount namespace of its own; where the system
/// allows no mounts, a limit on the size of files, under which a write fails in the same place with another reason.
/// </summary>
public sealed class FullDiskTests : IDisposable
{
    // $1 is the folder. What is left in it is listed behind a mark.
    private const string Script = """
        if mount -t tmpfs -o size=64k tmpfs "$1" 2>/dev/null; then
            how=full
            dd if=/dev/zero of="$1/filler" bs=4k 2>/dev/null
        else
            how=limited
            trap '' XFSZ
            export DOTNET_EnableWriteXorExecute=0
            ulimit -f 0
        fi
        dir=$1; shift
        "$@"
        code=$?
        echo "disk: $how"
        find "$dir" -type f ! -name filler
        exit $code
        """;

    private readonly TempFolder _folder = new();
    private readonly string _disk;

    public FullDiskTests()
    {
        _disk = _folder["disk"];
        Directory.CreateDirectory(_disk);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("disk/out")]
    [InlineData("disk/deep/a.png")]
    [InlineData("disk/grid.png", "--grid", "-n", "4")]
    public async Task Generate_leaves_no_part_of_a_picture(string output, params string[] words)
    {
        var model = TinyModel.Make(_folder);
        await FailsCleanly(["generate", "--model", model, "--out", _folder[output], .. words]);
    }

    [Fact]
    public async Task New_leaves_no_part_of_a_model() =>
        await FailsCleanly(["new", TinyModel.Config(_folder), "--quiet", "--out", _folder["disk/model"]]);

    [Theory]
    [InlineData("convert", "disk/model", "--max-shard-size", "4KB")]
    [InlineData("convert", "disk/deep/model")]
    [InlineData("convert", "disk/model.pt", "--names", "diffusers")]
    [InlineData("convert", "disk/model.safetensors")]
    [InlineData("export", "disk/model.onnx")]
    public async Task Converting_leaves_neither_files_nor_folders(string command, string output, params string[] words)
    {
        var model = TinyModel.Make(_folder);
        string[] verbs = command == "export" ? ["export", "onnx"] : [command];
        await FailsCleanly([.. verbs, model, _folder[output], .. words]);
    }

    [Fact]
    public async Task Train_leaves_no_part_of_a_checkpoint()
    {
        var left = await FailsCleanly(
            ["train", TinyModel.Pictures(_folder), "--network", TinyModel.Config(_folder), "--run", _folder["disk/run"], "--batch", "4", "--images", "8", "--quiet"],
            mayLeave: ["log.jsonl", "loss.csv", "run.json", ".lock"]);
        Assert.DoesNotContain(left, file => file.Contains("checkpoints", StringComparison.Ordinal));
    }

    private async Task<string[]> FailsCleanly(string[] command, params string[] mayLeave)
    {
        const string mark = "disk: ";
        const string start = "if unshare -rm true 2>/dev/null; then exec unshare -rm sh -c \"$0\" sh \"$@\"; else exec sh -c \"$0\" sh \"$@\"; fi";
        using var process = CmProcess.Launch("sh", ["-c", start, Script, _disk, CmProcess.Path, .. command]);
        var result = await CmProcess.Finish(process);
        var at = result.Out.IndexOf(mark, StringComparison.Ordinal);
        Assert.True(at >= 0, result.Out + result.Error);
        var lines = result.Out[(at + mark.Length)..].Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(result.Code == 2, $"code {result.Code}: {result.Error}");
        var error = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => !line.EndsWith("...", StringComparison.Ordinal) && !line.EndsWith('%')); // A slow machine is told how far the work is.
        var message = Assert.Single(error);
        Assert.StartsWith("cm: ", message);
        if (lines[0] == "full")
        {
            Assert.Contains("disk is full", message);
        }

        Assert.DoesNotContain(lines[1..], file => !mayLeave.Any(name => file.EndsWith(name, StringComparison.Ordinal)));
        return lines[1..];
    }
}
