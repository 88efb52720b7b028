using ConsistencyModels.Noise;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Tests.Pipelines;

public class GenerateOutputTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    public void All_forms_show_the_same_picture(int channels)
    {
        using var pipeline = TestPipelines.Make(classes: null, channels);
        var options = new GenerateOptions { Seed = 2, BatchSize = 2, Height = 4, Width = 6 };
        var raw = pipeline.Generate(options with { OutputType = OutputType.Raw }, Token);
        var array = pipeline.Generate(options with { OutputType = OutputType.Array }, Token);
        var tensor = pipeline.Generate(options with { OutputType = OutputType.Tensor }, Token);
        var images = pipeline.Generate(options with { OutputType = OutputType.Images }, Token);
        Assert.Equal(2, images.Images.Count);
        Assert.Empty(images.Values);
        Assert.Empty(raw.Images);
        for (var n = 0; n < 2; n++)
        {
            for (var c = 0; c < channels; c++)
            {
                for (var y = 0; y < 4; y++)
                {
                    for (var x = 0; x < 6; x++)
                    {
                        var nchw = (((((n * channels) + c) * 4) + y) * 6) + x;
                        var unit = Math.Clamp((raw.Values[nchw] / 2) + 0.5f, 0, 1);
                        Assert.Equal(unit, tensor.Values[nchw]);
                        Assert.Equal(unit, array.Values[(((((n * 4) + y) * 6) + x) * channels) + c]);
                        Assert.Equal((byte)MathF.Round(unit * 255, MidpointRounding.ToEven), images.Images[n].Pixel(x, y)[c]);
                    }
                }
            }
        }
    }

    [Fact]
    public void Any_number_of_channels_comes_as_floats_but_not_as_pictures()
    {
        using var pipeline = TestPipelines.Make(classes: null, channels: 5);
        var result = pipeline.Generate(new() { OutputType = OutputType.Tensor }, Token);
        Assert.Equal(5 * 8 * 8, result.Values.Length);
        var error = Assert.Throws<ArgumentException>(() => pipeline.Generate(new(), Token));
        Assert.Contains("this model's have 5", error.Message);
    }

    [Fact]
    public void The_callback_comes_every_so_many_steps_with_the_batch()
    {
        using var pipeline = TestPipelines.Make(classes: null);
        List<int> steps = [];
        List<double> timesteps = [];
        float[] last = [];
        var result = pipeline.Generate(
            new()
            {
                NumInferenceSteps = 5,
                BatchSize = 2,
                CallbackSteps = 2,
                OutputType = OutputType.Raw,
                Callback = step =>
                {
                    steps.Add(step.Index);
                    timesteps.Add(step.Level.Conditioning);
                    last = step.Sample.ToArray();
                    Assert.Equal(step.Shape.Length, step.Sample.Length);
                    Assert.Equal(step.Shape.Length, step.Denoised.Length);
                    Assert.Equal(5, step.Count);
                },
            },
            Token);
        Assert.Equal([0, 2, 4], steps);
        Assert.Equal(1095.5066586684702, timesteps[0], 1e-9);
        Assert.Equal(timesteps.OrderDescending(), timesteps);
        Assert.Equal(result.Values, last);
    }

    [Fact]
    public void What_a_callback_writes_goes_into_the_next_step()
    {
        using var pipeline = TestPipelines.Make(out var network, classes: null);
        var result = pipeline.Generate(
            new()
            {
                NumInferenceSteps = 2,
                Seed = 1,
                OutputType = OutputType.Raw,
                Callback = step =>
                {
                    step.Sample.Fill(step.Index == 0 ? 0 : 7);
                },
            },
            Token);
        Assert.All(result.Values, value => Assert.Equal(7, value));
        Assert.Equal(2, network.Calls.Count);
    }

    [Fact]
    public void Progress_is_told_after_every_network_call()
    {
        using var pipeline = TestPipelines.Make(classes: null);
        var seen = new Recorded();
        pipeline.Generate(new() { NumInferenceSteps = 3, BatchSize = 5, Progress = seen }, Token);
        Assert.Equal([new(1, 3), new(2, 3), new(3, 3)], seen.Reports);
        Assert.Equal(1, seen.Reports[^1].Fraction);
    }

    [Theory]
    [InlineData(OutputType.Raw)]
    [InlineData(OutputType.Tensor)]
    [InlineData(OutputType.Array)]
    public void The_callers_memory_receives_what_a_result_would_hold(OutputType type)
    {
        using var pipeline = TestPipelines.Make(classes: 4);
        var options = new GenerateOptions { Seed = 3, BatchSize = 2, NumInferenceSteps = 2, OutputType = type };
        var expected = pipeline.Generate(options, Token);
        var memory = new float[expected.Values.Length + 2];
        memory.AsSpan().Fill(9);
        var result = pipeline.Generate(options, memory.AsSpan(1, expected.Values.Length), Token);
        Assert.Equal(expected.Values, memory[1..^1]);
        Assert.Equal((9, 9), (memory[0], memory[^1]));
        Assert.Empty(result.Values);
        Assert.Equal(expected.ClassLabels, result.ClassLabels);
        Assert.Equal(expected.Seeds, result.Seeds);
        Assert.Equal(expected.Shape, result.Shape);
    }

    [Fact]
    public void Memory_of_another_length_and_pictures_as_floats_are_refused()
    {
        using var pipeline = TestPipelines.Make(out var network, classes: null);
        var options = new GenerateOptions { OutputType = OutputType.Raw };
        Assert.Contains("room for 191 values; expected 192", Assert.Throws<ArgumentException>(() => pipeline.Generate(options, new float[191], Token)).Message);
        Assert.Contains("Pictures are bytes", Assert.Throws<ArgumentException>(() => pipeline.Generate(options with { OutputType = OutputType.Images }, new float[192], Token)).Message);
        Assert.Empty(network.Calls);
    }

    [Fact]
    public void Cancelling_stops_before_the_next_network_call()
    {
        using var source = new CancellationTokenSource();
        using var pipeline = TestPipelines.Make(out var network, classes: null, afterPass: (call, _, _) =>
        {
            if (call == 2)
            {
                source.Cancel();
            }
        });
        Assert.Throws<OperationCanceledException>(
            () => pipeline.Generate(new() { NumInferenceSteps = 4, BatchSize = 2 }, source.Token));
        Assert.Equal(3, network.Calls.Count);
    }

    [Fact]
    public void A_cancelled_call_does_not_touch_the_generator()
    {
        using var pipeline = TestPipelines.Make(classes: null);
        var generator = new TorchGenerator(5);
        Assert.Throws<OperationCanceledException>(() => pipeline.Generate(new() { Generator = generator }, new CancellationToken(canceled: true)));
        var numbers = new float[2];
        var fresh = new float[2];
        generator.Rand(numbers);
        new TorchGenerator(5).Rand(fresh);
        Assert.Equal(fresh, numbers);
    }

    private sealed class Recorded : IProgress<SamplingProgress>
    {
        public List<SamplingProgress> Reports { get; } = [];

        public void Report(SamplingProgress value) => Reports.Add(value);
    }
}
