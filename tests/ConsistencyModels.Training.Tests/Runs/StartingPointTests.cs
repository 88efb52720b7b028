using ConsistencyModels.Checkpoints;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Training.Objectives.Catalogue;
using ConsistencyModels.Training.Runs;
using ConsistencyModels.Training.Steps;

namespace ConsistencyModels.Training.Tests.Runs;

/// <summary>Where a run may begin, and what is said where it may not.</summary>
public sealed class StartingPointTests : IDisposable
{
    private readonly TinyRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void A_run_with_dropout_and_flips_resumes_to_the_last_bit_over_the_end_of_an_epoch()
    {
        var options = Changing(_run.Options(TinyRun.Make("ect", "stage_images=24"), "whole"));
        using var whole = new Trainer(options, new TwoHalves(), TinyRun.Engines);
        var expected = Steps(whole, 7);

        var stopped = options with { Folder = Path.Combine(_run.Folder, "stopped") };
        using (var trainer = new Trainer(stopped, new TwoHalves(), TinyRun.Engines))
        {
            Assert.Equal(expected[..2], Steps(trainer, 2));
            trainer.SaveCheckpoint();
            Steps(trainer, 1);
        }

        using var resumed = new Trainer(stopped, new TwoHalves(), TinyRun.Engines);
        Assert.Empty(resumed.Notes);
        Assert.Equal(expected[2..], Steps(resumed, 5));
        Assert.Equal(
            Values(whole.State.Averages[0]), Values(resumed.State.Averages[0]));
    }

    [Fact]
    public void Only_damaged_checkpoints_are_an_error_and_stay()
    {
        var options = _run.Options();
        string[] files;
        using (var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines))
        {
            trainer.SaveCheckpoint();
            files = [.. trainer.Folder.CheckpointFiles()];
        }

        File.WriteAllBytes(files[0], File.ReadAllBytes(files[0])[..1000]);
        var error = Assert.Throws<ConsistencyModelsException>(() => new Trainer(options, new TwoHalves(), TinyRun.Engines));
        Assert.StartsWith(files[0], error.Message, StringComparison.Ordinal);
        Assert.Contains("no other checkpoint", error.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(files[0]));
    }

    [Fact]
    public void What_differs_from_the_run_in_the_folder_is_said_in_words()
    {
        var options = _run.Options();
        using (var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines))
        {
            trainer.SaveCheckpoint();
        }

        Says(options, new TwoHalves { ClassNames = ["left", "right", "0a"] }, "2 classes then, 3 now: 0a is new;");
        Says(options, new TwoHalves { ClassNames = ["left", "up", "down"] }, "2 classes then, 3 now: up, down are new, right is gone;");
        Says(options, new TwoHalves { ClassNames = ["right", "left"] }, "2 classes then, 2 now: the same in another order;");
        Says(options, new TwoHalves { Fingerprint = "others" }, "the pictures are not those of the run, or their classes, size or crop are not;");
        Says(options with { Network = options.Network with { FreqShift = 1 } }, new TwoHalves(), "network is another: freq_shift 0 then, 1 now;");
        Says(options with { Seed = options.Seed + 1 }, new TwoHalves(), $"seed is {options.Seed}, this run has {options.Seed + 1};");

        static void Says(TrainingOptions options, TwoHalves data, string expected)
        {
            options = options with { Network = options.Network with { NumClassEmbeds = data.ClassNames.Count } };
            var message = Assert.Throws<ConsistencyModelsException>(() => new Trainer(options, data, TinyRun.Engines)).Message;
            Assert.Contains($"a checkpoint of another run: {expected}", message, StringComparison.Ordinal);
            Assert.InRange(message.Length, 1, 400);
        }
    }

    [Fact]
    public void Checkpoints_of_before_do_not_name_classes_and_count_no_pictures()
    {
        Assert.True(RunIdentity.Agree("classes", null, "[]"));
        Assert.True(RunIdentity.Agree("pictures", null, "3"));
        Assert.False(RunIdentity.Agree("pictures", "2", "3"));
        Assert.Equal("the pictures are not those of the run: 2 then, 3 now", RunIdentity.Difference("pictures", "2", "3"));
        Assert.Equal("the classes are not those of the run", RunIdentity.Difference("classes", "x", "[]"));
    }

    [Fact]
    public void Another_file_in_place_of_a_checkpoint_is_not_taken()
    {
        var options = _run.Options();
        using (var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines))
        {
            SafetensorsWriter.Write(trainer.Folder.Checkpoint(8), [TensorToWrite.FromFloats("x", [1], new float[1])]);
        }

        Assert.Contains("another run: network is missing", Assert.Throws<ConsistencyModelsException>(() => new Trainer(options, new TwoHalves(), TinyRun.Engines)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_killed_process_was_writing_is_removed()
    {
        var options = _run.Options();
        using (var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines))
        {
            trainer.SaveCheckpoint();
            File.WriteAllText(Path.Combine(trainer.Folder.Checkpoints, ".0123.tmp"), "half");
        }

        using var again = new Trainer(options, new TwoHalves(), TinyRun.Engines);
        Assert.Equal(again.Folder.CheckpointFiles(), Directory.GetFiles(again.Folder.Checkpoints));
    }

    [Fact]
    public void Weights_of_a_diffusion_model_start_a_run_and_those_of_another_network_do_not()
    {
        var teacher = _run.Options(name: "edm");
        using (var trainer = new Trainer(teacher, new TwoHalves(), TinyRun.Engines))
        {
            Steps(trainer, 1);
            trainer.SaveModel();
            trainer.SaveModel(); // again, over the first
        }

        using var start = ModelReader.Open(Path.Combine(teacher.Folder, "model"));
        Assert.Equal((ModelKind.Diffusion, ModelFormat.PipelineFolder), (start.Kind, start.Format));
        var student = _run.Options(ObjectiveCatalogue.Make("ect"), "ect") with { InitialModel = start };
        using (var trainer = new Trainer(student, new TwoHalves(), TinyRun.Engines))
        {
            using var weights = start.OpenWeights();
            Assert.Equal(
                weights.Bytes("conv_in.weight").ToArray(), ParameterFiles.AsTensors(trainer.State.Network.Description, trainer.State.Averages[0]).Bytes("conv_in.weight").ToArray());
        }

        // All tensors fit, and mean something else.
        var other = student with { Folder = Path.Combine(_run.Folder, "other"), Network = student.Network with { FreqShift = 1 } };
        var error = Assert.Throws<ConsistencyModelsException>(() => new Trainer(other, new TwoHalves(), TinyRun.Engines));
        Assert.Contains("freq_shift is 0, the network to train has 1", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<ConsistencyModelsException>(() => new Trainer(other with { Network = student.Network with { MidBlockType = null } }, new TwoHalves(), TinyRun.Engines));
        Assert.Contains("mid_block_type is the default, the network to train has null", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_teacher_that_the_student_will_become_is_the_one_that_was_given()
    {
        string Model(string name, ulong seed)
        {
            using var made = new Trainer(_run.Options(name: name) with { Seed = seed }, new TwoHalves(), TinyRun.Engines);
            made.SaveModel();
            return made.Folder.Model;
        }

        using var start = ModelReader.Open(Model("one", 1));
        using var teacher = ModelReader.Open(Model("two", 2));
        var options = _run.Options(TinyRun.Make("pd", "scales=4"), "pd") with { InitialModel = start, Teacher = teacher };
        using var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines);
        var description = trainer.State.Network.Description;
        foreach (var (model, buffer) in new[] { (start, trainer.State.Network.Parameters), (teacher, trainer.State.Teacher!) })
        {
            using var weights = model.OpenWeights();
            using var found = ParameterFiles.AsTensors(description, buffer);
            Assert.Equal(weights.Bytes("conv_in.weight").ToArray(), found.Bytes("conv_in.weight").ToArray());
        }
    }

    [Fact]
    public void A_checkpoint_that_writes_defaults_out_is_still_of_this_run_and_one_of_another_network_is_not()
    {
        var options = _run.Options();
        string path;
        using (var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines))
        {
            Steps(trainer, 1);
            trainer.SaveCheckpoint();
            path = Assert.Single(trainer.Folder.CheckpointFiles());
        }

        Rewrite(network => network.Replace("{", "{\n  \"mid_block_type\": \"UNetMidBlock2D\",\n  \"time_embedding_dim\": null,", StringComparison.Ordinal));
        using (var resumed = new Trainer(options, new TwoHalves(), TinyRun.Engines))
        {
            Assert.Empty(resumed.Notes);
            Assert.Equal(8, resumed.ImagesSeen);
        }

        foreach (var change in (Func<string, string>[])[network => network.Replace("\"freq_shift\": 0", "\"freq_shift\": 1", StringComparison.Ordinal), _ => "no JSON"])
        {
            Rewrite(change);
            var error = Assert.Throws<ConsistencyModelsException>(() => new Trainer(options, new TwoHalves(), TinyRun.Engines));
            Assert.Contains("another run: network is", error.Message, StringComparison.Ordinal);
        }

        void Rewrite(Func<string, string> change)
        {
            var copy = path + ".copy";
            using (var file = SafetensorsFile.Open(path))
            {
                var metadata = new Dictionary<string, string>(file.Metadata) { ["network"] = change(file.Metadata["network"]) };
                Assert.NotEqual(file.Metadata["network"], metadata["network"]);
                SafetensorsWriter.Write(copy, file.Tensors.Keys.Select(name => TensorToWrite.FromSource(file, name)), metadata);
            }

            File.Move(copy, path, overwrite: true);
        }
    }

    [Fact]
    public void The_log_of_a_killed_run_loses_what_comes_again()
    {
        var options = _run.Options() with { Images = 48 };
        using (var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines))
        {
            Steps(trainer, 2);
            trainer.SaveCheckpoint();
            File.WriteAllText(trainer.Folder.Log, """
                {"step":1,"images":8}
                {"step":2,"images":16}
                {"step":3,"images":24}
                {"step":4,"ima
                """);
        }

        using var resumed = new Trainer(options, new TwoHalves(), TinyRun.Engines);
        Assert.True(resumed.Run(cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal(["8", "16", "24", "32", "40", "48"], File.ReadLines(resumed.Folder.Log).Select(Images));
        static string Images(string line) => System.Text.Json.JsonDocument.Parse(line).RootElement.GetProperty("images").GetRawText();
    }

    [Fact]
    public void A_network_that_does_not_fit_the_pictures_is_refused_before_anything_is_written()
    {
        var options = _run.Options();
        Refused("sample_size is 16x16, the images are 8x8", options with { Network = options.Network with { SampleSize = new(16, 16) } });
        Refused("in_channels is 1", options with { Network = options.Network with { InChannels = 1 } });
        Refused("the data have 2 classes", options with { Network = options.Network with { NumClassEmbeds = 1 } });
        Refused("fourier", options with { Network = options.Network with { TimeEmbeddingType = "fourier" } });
        Assert.False(Directory.Exists(options.Folder));
    }

    private static void Refused(string why, TrainingOptions options) =>
        Assert.Contains(why, Assert.Throws<ConsistencyModelsException>(() => new Trainer(options, new TwoHalves(), TinyRun.Engines)).Message, StringComparison.Ordinal);

    private static TrainingOptions Changing(TrainingOptions options) => options with
    {
        Network = options.Network with { Dropout = 0.2 },
        Flip = true,
        Batch = 12,
        RampImages = 60,
        LearningRate = 1e-2,
    };

    private static float[] Values(IParameterBuffer buffer)
    {
        var values = new float[buffer.Length];
        buffer.Read(0, values);
        return values;
    }

    private static double[] Steps(Trainer trainer, int count) => [.. Enumerable.Range(0, count).Select(_ => trainer.Step().Loss)];
}
