using ConsistencyModels.Training.Runs;

namespace ConsistencyModels.Training.Tests.Runs;

/// <summary>A run that ends by an exception.</summary>
public sealed class LeavingTests : IDisposable
{
    private readonly TinyRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void What_was_learnt_is_saved_and_the_run_goes_on_as_if_it_had_not_stopped()
    {
        var whole = new List<double>();
        using (var trainer = new Trainer(_run.Options(name: "whole") with { Images = 8 * 6 }, new TwoHalves(), TinyRun.Engines))
        {
            trainer.Run(new Told(p => whole.Add(p.Loss)), TestContext.Current.CancellationToken);
        }

        var options = _run.Options(name: "left") with { Images = 8 * 6 };
        var losses = new List<double>();
        using (var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines))
        {
            var thrown = Assert.Throws<InvalidOperationException>(() => trainer.Run(new Told(p =>
            {
                losses.Add(p.Loss);
                if (losses.Count == 3)
                {
                    throw new InvalidOperationException("mine");
                }
            }), TestContext.Current.CancellationToken));
            Assert.Equal("mine", thrown.Message);
            Assert.Equal([trainer.Folder.Checkpoint(24)], trainer.Folder.CheckpointFiles());
        }

        using var resumed = new Trainer(options, new TwoHalves(), TinyRun.Engines);
        Assert.Equal(24, resumed.ImagesSeen);
        Assert.True(resumed.Run(new Told(p => losses.Add(p.Loss)), TestContext.Current.CancellationToken));
        Assert.Equal(whole, losses);
    }

    private sealed class Told(Action<TrainingProgress> tell) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => tell(value);
    }
}
