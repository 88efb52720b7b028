using System.Text.Json;

namespace ConsistencyModels.Cli.Tests.Processes;

/// <summary>A training run that nobody interrupts, and what another needs to be the same.</summary>
public sealed class WholeRun : IAsyncLifetime
{
    /// <summary>Steps of the run.</summary>
    public const int Steps = 2400;

    private readonly TempFolder _folder = new();

    /// <summary>Loss by step.</summary>
    public IReadOnlyDictionary<int, double> Losses { get; private set; } = new Dictionary<int, double>();

    /// <summary>The command of a run of this kind in a folder. One thread, so that sums are in one order.</summary>
    public string[] Command(string run) =>
    [
        "train", _folder["pictures"], "--network", _folder["classes.json"], "--run", run, "--batch", "4", "--images", $"{4 * Steps}",
        "--log-every", "1", "--checkpoint-every", "0.3s", "--flip", "--seed", "5", "--threads", "1",
    ];

    /// <summary>A folder for a run.</summary>
    public string Folder(string name) => _folder[name];

    /// <summary>The losses in a run's log; a line that is being written is left out.</summary>
    public static IReadOnlyDictionary<int, double> Read(string run)
    {
        var losses = new Dictionary<int, double>();
        var log = Path.Combine(run, "log.jsonl");
        if (!File.Exists(log))
        {
            return losses;
        }

        using var reader = new StreamReader(new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        foreach (var line in reader.ReadToEnd().Split('\n')[..^1])
        {
            using var json = JsonDocument.Parse(line);
            losses.Add(json.RootElement.GetProperty("step").GetInt32(), json.RootElement.GetProperty("loss").GetDouble());
        }

        return losses;
    }

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        TinyModel.Pictures(_folder);
        TinyModel.Config(_folder);
        var result = await CmProcess.Run(Command(_folder["whole"]));
        Assert.True(result.Code == 0, result.Error);
        Losses = Read(_folder["whole"]);
        Assert.Equal(Enumerable.Range(1, Steps), Losses.Keys.Order());
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
