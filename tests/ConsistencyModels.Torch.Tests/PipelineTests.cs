using ConsistencyModels.Pipelines;

namespace ConsistencyModels.Torch.Tests;

/// <summary>A pipeline folder as diffusers wrote it, from disk to pixels and back to disk.</summary>
public class PipelineTests
{
    private static readonly GenerateOptions Options = new() { Seeds = [1, 2, 3], NumInferenceSteps = 2, OutputType = OutputType.Raw };

    private static PipelineOptions Torch() => new() { Engine = new TorchEngine() };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void The_engine_is_found_by_its_name_and_a_saved_copy_gives_the_same_picture()
    {
        var copy = Directory.CreateTempSubdirectory("cm-tests-").FullName;
        try
        {
            using var pipeline = ConsistencyModelPipeline.FromPretrained(Folder(), Torch());
            Assert.Equal(6, pipeline.Config.NumClassEmbeds);
            var first = pipeline.Generate(Options, Token);
            Assert.All(first.Values, value => Assert.InRange(value, -1.001f, 1.001f));
            pipeline.SavePretrained(copy);
            Assert.Equal(File.ReadAllText(Path.Combine(Folder(), "model_index.json")).TrimEnd(), File.ReadAllText(Path.Combine(copy, "model_index.json")).TrimEnd());
            using var again = ConsistencyModelPipeline.FromPretrained(copy, Torch());
            var second = again.Generate(Options, Token);
            Assert.Equal(first.ClassLabels, second.ClassLabels);
            Near(first.Values, second.Values);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    [Fact]
    public void A_stream_of_single_pictures_gives_those_of_the_batch()
    {
        using var pipeline = ConsistencyModelPipeline.FromPretrained(Folder(), Torch());
        var stream = pipeline.GenerateMany(Options.Seeds!, Options with { Seeds = null, BatchSize = 1 }, Token);
        Near(pipeline.Generate(Options, Token).Values, [.. stream.SelectMany(image => image.Values)]);
    }

    [Fact]
    public async Task Two_threads_get_what_one_gets()
    {
        using var pipeline = ConsistencyModelPipeline.FromPretrained(Folder(), Torch());
        var alone = pipeline.Generate(Options, Token).Values;
        var together = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() => pipeline.Generate(Options, Token).Values, Token)));
        Assert.All(together, values => Near(alone, values));
    }

    // libtorch picks its kernels, and so its rounding, by the size of the batch and the threads at hand.
    private static void Near(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], actual[i], 1e-4);
        }
    }

    private static string Folder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (folder.EnumerateFiles("*.slnx").Any())
            {
                return Path.Combine(folder.FullName, "tests", "golden", "openai", "tiny", "diffusers");
            }
        }

        throw new DirectoryNotFoundException($"No solution file above {AppContext.BaseDirectory}.");
    }
}
