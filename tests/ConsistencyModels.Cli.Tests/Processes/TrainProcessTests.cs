namespace ConsistencyModels.Cli.Tests.Processes;

public sealed class TrainProcessTests(WholeRun whole) : IClassFixture<WholeRun>
{
    // Soon, so that the run is far from its end when the signal comes, however busy the machine is.
    private const int Early = WholeRun.Steps / 300;

    [Theory]
    [InlineData(CmProcess.Interrupt)]
    [InlineData(CmProcess.Terminate)]
    public async Task Asked_to_stop_it_saves_and_goes_on_with_the_same_losses(int signal)
    {
        var run = whole.Folder($"stopped-{signal}");
        using (var process = CmProcess.Start(whole.Command(run)))
        {
            await Eventually.True(() => WholeRun.Read(run).Count >= Early, process);
            CmProcess.Signal(process, signal);
            var stopped = await CmProcess.Finish(process);
            Assert.True(stopped.Code == 0, stopped.Error);
            Assert.Equal("", stopped.Out);
            Assert.Contains("stopped and saved at image ", stopped.Error);
            Assert.Contains($"go on with: cm {string.Join(' ', whole.Command(run))}", stopped.Error);
        }

        Assert.True(File.Exists(Path.Combine(run, "model", "unet", "config.json")), "the stopped run left no model");
        var before = WholeRun.Read(run).Count;
        Assert.InRange(before, Early, WholeRun.Steps - 1);
        var checkpoint = Directory.GetFiles(Path.Combine(run, "checkpoints"), "*.safetensors").Order(StringComparer.Ordinal).Last();
        Assert.EndsWith($"{4 * before:D12}.safetensors", checkpoint);
        await GoOn(run);
    }

    [Fact]
    public async Task Killed_it_goes_on_from_the_last_checkpoint_with_the_same_losses()
    {
        var run = whole.Folder("killed");
        using (var process = CmProcess.Start(whole.Command(run)))
        {
            await Eventually.True(
                () => WholeRun.Read(run).Count >= Early && Directory.GetFiles(Path.Combine(run, "checkpoints"), "*.safetensors").Length > 0, process);
            CmProcess.Signal(process, CmProcess.Kill);
            Assert.NotEqual(0, (await CmProcess.Finish(process)).Code);
        }

        Assert.InRange(WholeRun.Read(run).Count, Early, WholeRun.Steps - 1);
        await GoOn(run);
    }

    private async Task GoOn(string run)
    {
        var result = await CmProcess.Run(whole.Command(run));
        Assert.True(result.Code == 0, result.Error);
        Assert.Contains("going on from image ", result.Error);
        Assert.Equal(Path.Combine(run, "model"), Assert.Single(result.OutLines));
        var losses = WholeRun.Read(run);
        Assert.Equal(whole.Losses.Keys.Order(), losses.Keys.Order());
        Assert.All(whole.Losses, pair => Assert.Equal(pair.Value, losses[pair.Key]));
        Assert.DoesNotContain(
            Directory.GetFiles(run, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }),
            file => file.EndsWith(".tmp", StringComparison.Ordinal));
    }
}
