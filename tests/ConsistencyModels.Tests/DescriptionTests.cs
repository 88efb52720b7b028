using ConsistencyModels.Editing;
using ConsistencyModels.Models;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Tests;

/// <summary>What a debugger or a notebook shows.</summary>
public sealed class DescriptionTests
{
    [Fact]
    public void A_picture() => Assert.Equal(["3x2 gray", "3x2 RGB", "3x2 RGBA"], ((int[])[1, 3, 4]).Select(channels => new ImageBuffer(3, 2, channels).ToString()));

    [Fact]
    public void A_mask() => Assert.Equal("[1, 1, 4, 4], 87.5% known", ImageMask.Rectangle(new(4, 4), 0, 0, 2, 1).ToString());

    [Fact]
    public void Names_of_classes()
    {
        Assert.Equal("0: floor, 1: wall", new ClassNames(["floor", "wall"]).ToString());
        Assert.EndsWith("9: n9 and 2 more", new ClassNames(Enumerable.Range(0, 12).Select(i => $"n{i}")).ToString());
    }

    [Fact]
    public void A_pipeline_and_its_result()
    {
        var path = RepositoryFiles.Model("crawl-tiles-32");
        using var pipeline = ConsistencyModelPipeline.FromPretrained(path);
        Assert.Equal($"ConsistencyModelPipeline: {path}, 32x32, 20 classes, 2.86 M parameters", pipeline.ToString());
        var result = pipeline.Generate(new() { Seeds = [1, 2], ClassLabels = [5, 3] }, TestContext.Current.CancellationToken);
        Assert.Equal("2 images [2, 3, 32, 32], classes 5, 3, seeds 1, 2, 1 network call each", result.ToString());
    }
}
