using System.Text.Json;
using ConsistencyModels.Models;
using ConsistencyModels.Noise;
using ConsistencyModels.Pipelines;

namespace ConsistencyModels.Tests.Pipelines;

public class ClassLabelTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Drawn_labels_come_from_the_generator_after_the_latents()
    {
        using var pipeline = TestPipelines.Make(classes: 1000);
        var labels = pipeline.Generate(new() { Seed = 6, BatchSize = 4 }, Token).ClassLabels!;
        var generator = new TorchGenerator(6);
        generator.Randn(new float[4 * 3 * 8 * 8]);
        var expected = new long[4];
        generator.RandInt(0, 1000, expected);
        Assert.Equal(expected.Select(label => (int)label), labels);
    }

    [Fact]
    public void Labels_reach_the_network_in_order()
    {
        using var pipeline = TestPipelines.Make(out var network, classes: 5);
        var result = pipeline.Generate(new() { ClassLabels = [4, 0, 3] }, Token);
        Assert.Equal([4, 0, 3], result.ClassLabels!);
        Assert.Equal([4, 0, 3], network.Calls.SelectMany(call => call.Labels));
    }

    [Fact]
    public void One_label_is_for_the_whole_batch()
    {
        using var pipeline = TestPipelines.Make(classes: 5);
        Assert.Equal([2, 2, 2], pipeline.Generate(new() { ClassLabels = [2], BatchSize = 3 }, Token).ClassLabels!);
    }

    [Fact]
    public void The_label_changes_the_picture()
    {
        using var pipeline = TestPipelines.Make(classes: 5);
        var one = pipeline.Generate(new() { Seed = 1, ClassLabels = [1], OutputType = OutputType.Raw }, Token);
        var two = pipeline.Generate(new() { Seed = 1, ClassLabels = [2], OutputType = OutputType.Raw }, Token);
        Assert.NotEqual(one.Values, two.Values);
    }

    [Fact]
    public void A_model_without_classes_takes_no_notice_and_reports_none()
    {
        using var pipeline = TestPipelines.Make(out var network, classes: null);
        Assert.Null(pipeline.Generate(new() { ClassLabels = [77] }, Token).ClassLabels);
        Assert.Empty(Assert.Single(network.Calls).Labels);
    }

    [Fact]
    public void Names_are_found_whole_or_by_one_of_several()
    {
        var names = new ClassNames(["tench, Tinca tinca", "goldfish"]);
        Assert.Equal(0, names.Find("tench, Tinca tinca"));
        Assert.Equal(0, names.Find(" tinca TINCA "));
        Assert.Equal(1, names.Find("Goldfish"));
        Assert.Null(names.Find("gold"));
        Assert.Equal("goldfish", names[1]);
        Assert.Null(names[2]);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{\"x\": \"a\"}")]
    [InlineData("{\"-1\": \"a\"}")]
    [InlineData("{\"0\": 1}")]
    [InlineData("{\"0\": \" \"}")]
    [InlineData("{\"0\": \"a\", \"00\": \"b\"}")]
    public void Names_of_another_form_are_not_read(string json)
    {
        using var document = JsonDocument.Parse(json);
        Assert.Null(ClassNames.FromJson(document.RootElement));
    }
}
