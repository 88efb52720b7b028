using System.Text;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Samplers;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Tests.Models;

/// <summary>Damaged configurations, and whole folders with one.</summary>
public sealed class ModelMutationTests : IDisposable
{
    private static readonly byte[][] Tokens =
    [
        "[[[[[[[["u8.ToArray(), "\"\\ud800\""u8.ToArray(), "1e999"u8.ToArray(), "1e-999"u8.ToArray(), "-1"u8.ToArray(), "0"u8.ToArray(), "9223372036854775807"u8.ToArray(), "2147483647"u8.ToArray(), "1000000"u8.ToArray(),
        "null"u8.ToArray(), "{}"u8.ToArray(), "[]"u8.ToArray(), "\"\""u8.ToArray(), "\"\":"u8.ToArray(), "true"u8.ToArray(), "\\u001b[2J\\n"u8.ToArray(), [0xff], [0xc3, 0x28], ","u8.ToArray(), "}"u8.ToArray(), "\"AttnUpBlock2D\""u8.ToArray(),
        ".5"u8.ToArray(), "e308"u8.ToArray(), "e-300"u8.ToArray(), "00000"u8.ToArray(),
    ];

    private readonly TempFolder _folder = new();
    private readonly ScratchFile _file = new("mutant.json");

    public void Dispose()
    {
        _file.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("network")]
    [InlineData("scheduler")]
    [InlineData("diffusion scheduler")]
    [InlineData("index")]
    [InlineData("shards")]
    public void Damaged_configurations_are_refused_or_read(string kind)
    {
        var (seed, read) = Reader(kind);
        Mutations.Run(kind, Mutations.Many, [Encoding.UTF8.GetBytes(seed)], read, tokens: Tokens);
    }

    // Opening a model and drawing with it takes milliseconds.
    [Theory]
    [InlineData("model_index.json")]
    [InlineData("scheduler/scheduler_config.json")]
    [InlineData("unet/config.json")]
    [InlineData("unet/diffusion_pytorch_model.safetensors")]
    public void A_folder_with_a_damaged_file_is_refused_or_draws(string file)
    {
        var config = RandomNetwork();
        var model = FreshModel.Of(config, new CMStochasticIterativeSchedulerConfig(), new ClassNames(["a", "b"]), 1);
        ModelWriter.Write(model, _folder["model"], cancellationToken: TestContext.Current.CancellationToken);
        var path = _folder["model", file];
        var whole = File.ReadAllBytes(path);
        Mutations.Run(
            file,
            Mutations.Many / 50,
            [whole],
            bytes =>
            {
                File.WriteAllBytes(path, bytes);
                using var opened = ModelReader.Open(_folder["model"], new ModelOptions());

                // What a configuration may ask for is memory; only what fits a test is drawn.
                if (opened.Config.SampleSize is { Height: <= 32, Width: <= 32 })
                {
                    using var pipeline = DiffusionPipeline.FromModel(opened, new PipelineOptions { Threads = 1 }, TestContext.Current.CancellationToken);
                    _ = pipeline.Generate(new GenerateOptions { Seed = 1 }, TestContext.Current.CancellationToken);
                }
            },
            file.EndsWith("safetensors", StringComparison.Ordinal) ? (seed, random) => Header(seed, random) : null,
            Tokens);
    }

    private static UNet2DConfig RandomNetwork() => new()
    {
        SampleSize = new(8, 8),
        BlockOutChannels = [8, 16],
        NormNumGroups = 4,
        LayersPerBlock = 1,
        AttentionHeadDim = 8,
        DownBlockTypes = ["DownBlock2D", "AttnDownBlock2D"],
        UpBlockTypes = ["AttnUpBlock2D", "UpBlock2D"],
        NumClassEmbeds = 2,
    };

    // Where it says something, or a single weight.
    private static byte[] Header(byte[] seed, System.Random random)
    {
        var end = 8 + (int)BitConverter.ToInt64(seed);
        if (random.Next(2) == 0)
        {
            var weights = (byte[])seed.Clone();
            weights[random.Next(end, seed.Length)] ^= (byte)(1 << random.Next(8));
            return weights;
        }

        return [.. Mutations.Bytes(seed[..end], random, Tokens), .. seed.AsSpan(end)];
    }

    private (string Seed, Action<byte[]> Read) Reader(string kind) => kind switch
    {
        "network" => (
            File.ReadAllText(RepositoryFiles.Golden("fullsize", "imagenet64", "config.json")),
            bytes => UNet2DDescription.Of(UNet2DConfig.Load(_file.With(bytes))).Config.ToJson()),
        "scheduler" => (
            new CMStochasticIterativeSchedulerConfig().ToJson(),
            bytes =>
            {
                var scheduler = CMStochasticIterativeSchedulerConfig.Load(_file.With(bytes));
                scheduler.ToJson();
                Assert.All(MultistepSchedule.FromSteps(2, scheduler).Levels, level => Assert.True(float.IsFinite(level.Level.Sigma) && float.IsFinite(level.NoiseAfter ?? 0)));
            }
        ),
        "diffusion scheduler" => (
            SchedulerFile.ToJson(ModelKind.Diffusion, SchedulerPresets.Diffusion),
            bytes => SchedulerFile.Choose("model", _file.With(bytes), null, RandomNetwork(), new ModelOptions())),
        "index" => (
            File.ReadAllText(RepositoryFiles.Golden("openai", "tiny", "diffusers", "model_index.json")).Replace("{", "{\"id2label\": {\"0\": \"a\", \"1\": \"b\"},", StringComparison.Ordinal),
            bytes => ModelIndex.Load(_file.With(bytes)).ToJson()),
        _ => (
            """{"metadata": {"total_size": 12}, "weight_map": {"a.weight": "a-00001-of-00002.safetensors", "b": "a-00002-of-00002.safetensors"}}""",
            bytes =>
            {
                try
                {
                    ShardedTensors.Open(_file.With(bytes)).Dispose();
                }
                catch (CheckpointException e) when (e.Message.Contains("no such file", StringComparison.Ordinal))
                {
                    // A well-formed index: its shards are not there.
                }
            }
        ),
    };
}
