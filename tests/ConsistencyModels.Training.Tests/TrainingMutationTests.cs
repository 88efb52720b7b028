using System.Text;
using ConsistencyModels.Training.Recipes;
using ConsistencyModels.Training.Records;
using ConsistencyModels.Training.Runs;
using ConsistencyModels.Training.Tests.Runs;

namespace ConsistencyModels.Training.Tests;

/// <summary>Damaged files of a run: each is refused, or read.</summary>
public sealed class TrainingMutationTests
{
    private static readonly byte[][] Tokens =
    [
        "[[[[["u8.ToArray(), "\"\\ud800\""u8.ToArray(), "1e999"u8.ToArray(), "-1"u8.ToArray(), "0"u8.ToArray(), "9223372036854775807"u8.ToArray(), "null"u8.ToArray(), "{}"u8.ToArray(), "[]"u8.ToArray(), "\"\":"u8.ToArray(),
        "true"u8.ToArray(), "\\u001b[2J\\n"u8.ToArray(), [0xff], ","u8.ToArray(), "k\""u8.ToArray(), "\"bf16\""u8.ToArray(), ".5"u8.ToArray(), "e308"u8.ToArray(),
    ];

    [Fact]
    public void Recipes()
    {
        using ScratchFile file = new("recipe.json");
        byte[] seed = """
            {"about": "x", "objective": "ect", "settings": {"q": "2", "stage_images": 1000, "adaptive": true}, "network": "tiny32", "images": 100000, "batch": 64, "micro_batch": 8, "lr": 1e-4,
             "ramp": 1000, "decay": null, "averages": ["0.999", "50k"], "optimizer": {"name": "radam", "beta1": 0.9}, "clip": 1.0, "flip": false, "precision": "f32"}
            """u8.ToArray();
        try
        {
            TrainingRecipe.Load(file.With(seed));
        }
        catch (ConsistencyModelsException e)
        {
            Assert.Fail(e.Message);
        }

        Mutations.Run("recipe", Mutations.Many, [seed], bytes => TrainingRecipe.Load(file.With(bytes)), tokens: Tokens);
    }

    [Fact]
    public void Records_of_how_a_run_was_made()
    {
        using ScratchFile run = new("run.json");
        var history = Path.Combine(Path.GetDirectoryName(run.Name)!, "run-history.jsonl");
        RunDescription Description(double rate, int threads) => new(
            new RunSection("objective", ("name", "ect"), ("limit", double.PositiveInfinity), ("network", "tiny \u00df")),
            new RunSection("optimizer", ("learning_rate", rate), ("clip", false)),
            new RunSection("versions", ("engine", "cpu"), ("threads", threads)));
        var folder = Path.GetDirectoryName(run.Name)!;
        RunHistory.Record(folder, Description(1e-3, 0), 0, DateTimeOffset.UnixEpoch);
        RunHistory.Record(folder, Description(5e-4, 2), 100, DateTimeOffset.UnixEpoch);
        RunHistory.Record(folder, Description(2e-4, 1), 200, DateTimeOffset.UnixEpoch);
        byte[] begun = File.ReadAllBytes(run.Name), since = File.ReadAllBytes(history);

        Mutations.Run("run.json", Mutations.Many, [begun], bytes => Read(run.With(bytes)), tokens: Tokens);
        run.With(begun);
        Mutations.Run(
            "run-history.jsonl",
            Mutations.Many,
            [since],
            bytes =>
            {
                File.WriteAllBytes(history, bytes);
                Read(run.Name);
            },
            tokens: [.. Tokens, "\n"u8.ToArray()]);

        // What was and what is goes into a note, so each is turned into text.
        void Read(string file)
        {
            var text = new StringBuilder();
            foreach (var (key, from, to) in RunHistory.Changes(Path.GetDirectoryName(file)!, Description(1e-4, 2), 150))
            {
                text.Append(key).Append(from.ToString()).Append(to.ToString());
            }
        }
    }

    // Each holds all of a network five times over, whose hashes are computed: some hundred microseconds for the smallest there is.
    [Fact]
    public void Checkpoints()
    {
        using var run = new TinyRun();
        using var trainer = new Trainer(run.Options(), new TwoHalves(), TinyRun.Engines);
        trainer.Step();
        using ScratchFile file = new("checkpoint.safetensors");
        var identity = new Dictionary<string, string> { ["network"] = "small", ["objective"] = "edm" };
        TrainingCheckpoint.Save(file.Name, trainer.State, identity);
        var whole = File.ReadAllBytes(file.Name);
        var header = 8 + (int)BitConverter.ToInt64(whole);
        Mutations.Run(
            "checkpoint",
            Mutations.Many / 20,
            [whole],
            bytes => TrainingCheckpoint.Load(file.With(bytes), trainer.State, identity),
            (seed, random) =>
            {
                var bytes = (byte[])seed.Clone();
                switch (random.Next(4))
                {
                    case 0:
                        bytes[random.Next(header, bytes.Length)] ^= (byte)(1 << random.Next(8));
                        return bytes;
                    case 1:
                        bytes[random.Next(header)] = (byte)"{}[]\",:0123456789-eE.\\ntf "[random.Next(26)];
                        return bytes;
                    case 2:
                        return bytes[..random.Next(bytes.Length)];
                    default:
                        // Spaces behind the header mean nothing.
                        bytes[header - 1] = (byte)' ';
                        return [.. Mutations.Bytes(bytes[..header], random, Tokens), .. bytes.AsSpan(header)];
                }
            });
    }

    [Fact]
    public void A_flipped_bit_of_a_buffer_is_never_taken()
    {
        using var run = new TinyRun();
        using var trainer = new Trainer(run.Options(), new TwoHalves(), TinyRun.Engines);
        using ScratchFile file = new("checkpoint.safetensors");
        var identity = new Dictionary<string, string> { ["network"] = "small" };
        TrainingCheckpoint.Save(file.Name, trainer.State, identity);
        var whole = File.ReadAllBytes(file.Name);
        var header = 8 + (int)BitConverter.ToInt64(whole);
        var random = new System.Random(3);
        for (var i = 0; i < 300; i++)
        {
            var bytes = (byte[])whole.Clone();
            bytes[random.Next(header, bytes.Length)] ^= (byte)(1 << random.Next(8));
            Assert.False(Mutations.Try("flipped", i, bytes, damaged => TrainingCheckpoint.Load(file.With(damaged), trainer.State, identity)));
        }
    }
}
