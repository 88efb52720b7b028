using ConsistencyModels.Checkpoints;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;
using ConsistencyModels.Tests.Networks;

namespace ConsistencyModels.Tests.Models;

public sealed class ModelWriterTests : IDisposable
{
    private static readonly UNet2DConfig Network = PointwiseUNet.SmallConfig(classes: 4);
    private static readonly CMStochasticIterativeSchedulerConfig Other = new() { NumTrainTimesteps = 151 };
    private readonly TempFolder _folder = new();

    public static TheoryData<int, int> ShardSizes() => new() { { 3_000, 3_000 }, { 3_000, int.MaxValue }, { int.MaxValue, 3_000 }, { int.MaxValue, int.MaxValue } };

    [Theory]
    [MemberData(nameof(ShardSizes))]
    public void A_model_is_replaced_by_all_of_another(int before, int after)
    {
        Write(FreshModel.Of(Network, seed: 1), before);
        Write(FreshModel.Of(Network, Other, seed: 2), after);
        Is(FreshModel.Of(Network, Other, seed: 2));
        Assert.Equal(after == 3_000, File.Exists(_folder["m", "unet", "diffusion_pytorch_model.safetensors.index.json"]));
    }

    [Theory]
    [MemberData(nameof(ShardSizes))]
    public void Where_writing_fails_in_the_middle_the_old_model_is_there_whole(int before, int after)
    {
        Write(FreshModel.Of(Network, seed: 1), before);
        var files = Files();
        var broken = Model.Of(Network, Other, openWeights: () => new FailingTensors(FreshModel.Of(Network, seed: 2).OpenWeights(), UNet2DDescription.Of(Network).Parameters[^1].Name));
        Assert.Throws<ConsistencyModelsException>(() => Write(broken, after));
        Assert.Equal(files, Files());
        Is(FreshModel.Of(Network, seed: 1));
    }

    [Theory]
    [MemberData(nameof(ShardSizes))]
    public void While_the_weights_are_written_the_old_model_is_read_whole(int before, int after)
    {
        Write(FreshModel.Of(Network, seed: 1), before);
        var told = new List<double>();
        Write(FreshModel.Of(Network, Other, seed: 2), after, new SynchronousProgress(part =>
        {
            told.Add(part);
            if (told.Count % 10 == 0 || part == 1)
            {
                Is(FreshModel.Of(Network, seed: 1));
            }
        }));
        Assert.Equal(1, told[^1]);
        Assert.Equal(told.Order(), told);
    }

    [Fact]
    public void Cancelled_it_takes_back_what_it_made_and_nothing_else()
    {
        using var cancellation = new CancellationTokenSource();
        var model = FreshModel.Of(Network, seed: 1);
        Assert.Throws<OperationCanceledException>(() => ModelWriter.Write(model, _folder["new", "m"], progress: new SynchronousProgress(_ => cancellation.Cancel()), cancellationToken: cancellation.Token));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));

        using var again = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => ModelWriter.Write(model, _folder["new", "m"], progress: new SynchronousProgress(_ =>
        {
            File.WriteAllText(_folder["new", "m", "unet", "precious.txt"], "x");
            again.Cancel();
        }), cancellationToken: again.Token));
        Assert.Equal([_folder["new", "m", "unet", "precious.txt"]], _folder.Files);
    }

    [Fact]
    public void Where_the_new_weights_cannot_take_their_place_the_old_settings_come_back()
    {
        Write(FreshModel.Of(Network, seed: 1), int.MaxValue);
        Directory.CreateDirectory(_folder["m", "unet", "diffusion_pytorch_model.safetensors.index.json"]);
        Assert.Throws<ConsistencyModelsException>(() => Write(FreshModel.Of(Network, Other, seed: 2), 3_000));
        Is(FreshModel.Of(Network, seed: 1));
    }

    [Fact]
    public void Shards_over_shards_have_the_usual_names_again()
    {
        Write(FreshModel.Of(Network, seed: 1), 3_000);
        var files = Files();
        Write(FreshModel.Of(Network, seed: 2), 3_000);
        Assert.Equal(files, Files());
        Assert.Contains("diffusion_pytorch_model-00001-of-", string.Join(' ', files), StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_weights_are_touched_where_nothing_else_changes()
    {
        Write(FreshModel.Of(Network, seed: 1), int.MaxValue);
        string[] small = [_folder["m", "model_index.json"], _folder["m", "unet", "config.json"], _folder["m", "scheduler", "scheduler_config.json"]];
        Array.ForEach(small, path => File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch));
        Write(FreshModel.Of(Network, seed: 2), int.MaxValue);
        Assert.All(small, path => Assert.Equal(DateTime.UnixEpoch, File.GetLastWriteTimeUtc(path)));
        Is(FreshModel.Of(Network, seed: 2));
    }

    [Fact]
    public void A_cancelled_model_leaves_nothing_not_even_folders()
    {
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => ModelWriter.Write(FreshModel.Of(Network), _folder["a", "b"], null, new SynchronousProgress(_ => stop.Cancel()), stop.Token));
        Assert.Throws<OperationCanceledException>(() => ModelWriter.Write(FreshModel.Of(Network), _folder["c.safetensors"], null, null, stop.Token));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData("file/model", "cannot be made")]
    [InlineData("no/model.safetensors", "its folder does not exist")]
    [InlineData("no/model.pt", "its folder does not exist")]
    public void A_place_that_is_none_is_named(string path, string expected)
    {
        File.WriteAllText(_folder["file"], "");
        var error = Assert.Throws<ConsistencyModelsException>(() => ModelWriter.Write(FreshModel.Of(Network), _folder[path], cancellationToken: TestContext.Current.CancellationToken));
        Assert.StartsWith(_folder[path.Split('/')[0]], error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_diffusion_model_says_so_in_words_that_diffusers_knows()
    {
        ModelWriter.Write(FreshModel.Of(Network, new() { SigmaMax = 50, NumTrainTimesteps = 18 }, new ClassNames(["a", "b"]), kind: ModelKind.Diffusion), _folder["m"], cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(
            """
            {
              "_class_name": "DiffusionPipeline",
              "_diffusers_version": "0.23.0",
              "id2label": {
                "0": "a",
                "1": "b"
              },
              "scheduler": [
                "diffusers",
                "EDMEulerScheduler"
              ],
              "unet": [
                "diffusers",
                "UNet2DModel"
              ]
            }

            """,
            File.ReadAllText(_folder["m", "model_index.json"]));
        Assert.Equal(
            """
            {
              "_class_name": "EDMEulerScheduler",
              "_diffusers_version": "0.23.0",
              "final_sigmas_type": "zero",
              "num_train_timesteps": 18,
              "prediction_type": "epsilon",
              "rho": 7.0,
              "sigma_data": 0.5,
              "sigma_max": 50.0,
              "sigma_min": 0.002,
              "sigma_schedule": "karras"
            }

            """,
            File.ReadAllText(_folder["m", "scheduler", "scheduler_config.json"]));
        using var model = ModelReader.Open(_folder["m"]);
        Assert.Equal((ModelKind.Diffusion, 50.0, 18), (model.Kind, model.Scheduler.SigmaMax, model.Scheduler.NumTrainTimesteps));
        Assert.Equal(["a", "b"], model.ClassNames!.ById.Values);
        Assert.Equal(0, model.Preconditioning.Epsilon);
        Assert.Empty(model.UnknownKeys);
    }

    public void Dispose() => _folder.Dispose();

    private void Write(Model model, int shardSize, IProgress<double>? progress = null) =>
        ModelWriter.Write(model, _folder["m"], new ModelWriteOptions { MaxShardSize = shardSize }, progress, cancellationToken: TestContext.Current.CancellationToken);

    private string[] Files() => [.. _folder.Files.Order(StringComparer.Ordinal)];

    private void Is(Model expected)
    {
        using var model = ModelReader.Open(_folder["m"]);
        using var weights = model.OpenWeights();
        using var reference = expected.OpenWeights();
        Assert.Equal(expected.Scheduler.ToJson(), model.Scheduler.ToJson());
        foreach (var name in reference.Tensors.Keys)
        {
            Assert.True(reference.Bytes(name).SequenceEqual(weights.Bytes(name)), name);
        }
    }

    private sealed class SynchronousProgress(Action<double> tell) : IProgress<double>
    {
        public void Report(double value) => tell(value);
    }

    private sealed class FailingTensors(ITensorSource source, string bad) : ITensorSource
    {
        public string Origin => source.Origin;

        public IReadOnlyDictionary<string, TensorInfo> Tensors => source.Tensors;

        public IReadOnlyDictionary<string, string> Metadata => source.Metadata;

        public ReadOnlySpan<byte> Bytes(string name) => name == bad ? throw new IOException("a disk that fails") : source.Bytes(name);

        public void CopyTo(string name, Span<float> destination) => source.CopyTo(name, destination);

        public void Release(string name) => source.Release(name);

        public void Dispose() => source.Dispose();
    }
}
