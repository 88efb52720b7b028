using System.Text.Json;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Models;
using ConsistencyModels.Models.ParameterNaming;
using ConsistencyModels.Networks;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Samplers;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Tests.Files;

/// <summary>Records compare by value, their lists and unknown keys included. UNet2DConfig has tests of its own.</summary>
public sealed class ValueEqualityTests
{
    private const string Scheduler = """{"num_train_timesteps": 40, "later": {"a": [1, 2.0]}, "_name_or_path": "x"}""";

    public static TheoryData<string, object, object, object> Cases() => new()
    {
        {
            "scheduler",
            CMStochasticIterativeSchedulerConfig.FromJson(Scheduler),
            CMStochasticIterativeSchedulerConfig.FromJson("""{"_name_or_path": "x", "later": {"a": [1, 2]}}"""),
            CMStochasticIterativeSchedulerConfig.FromJson(Scheduler.Replace("2.0", "3.0", StringComparison.Ordinal))
        },
        { "model index", new ModelIndex { Extras = Extras(1) }, new ModelIndex { Extras = Extras(1) }, new ModelIndex { Extras = Extras(2) } },
        { "tensor", new TensorInfo("a", TensorDType.F32, [2, 3]), new TensorInfo("a", TensorDType.F32, [2, 3]), new TensorInfo("a", TensorDType.F32, [3, 2]) },
        { "parameter", Parameter([2, 3]), Parameter([2, 3]), Parameter([2]) },
        { "openai's tensor", new OpenAiTensor("a", [2], ["b", "c"]), new OpenAiTensor("a", [2], ["b", "c"]), new OpenAiTensor("a", [2], ["c", "b"]) },
        { "sampler", Sampler([22, 0]), Sampler([22, 0]), Sampler([21, 0]) },
        { "no list", Sampler(null), Sampler(null), Sampler([]) },
        { "classes", new GenerateOptions { ClassLabels = [1, 2] }, new GenerateOptions { ClassLabels = [1, 2] }, new GenerateOptions { ClassLabels = [2, 1] } },
        { "seeds", new EditOptions { Seeds = [1, 2] }, new EditOptions { Seeds = [1, 2] }, new EditOptions { Seeds = [1] } },
        { "timesteps", new EditOptions { Timesteps = [9, 0] }, new EditOptions { Timesteps = [9, 0] }, new EditOptions { Timesteps = [9, 1] } },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Equal_values_are_equal_and_others_are_not(string what, object one, object same, object other)
    {
        Assert.True(one.Equals(same), what);
        Assert.Equal(one.GetHashCode(), same.GetHashCode());
        Assert.False(one.Equals(other), what);
    }

    [Fact]
    public void Nobody_changes_them_afterwards()
    {
        int[] labels = [1, 2];
        Dictionary<string, JsonElement> extras = [];
        var options = new GenerateOptions { ClassLabels = labels };
        var scheduler = new CMStochasticIterativeSchedulerConfig { Extras = extras };
        labels[0] = 5;
        extras["later"] = default;
        Assert.Equal([1, 2], options.ClassLabels!);
        Assert.Empty(scheduler.Extras);
    }

    private static Dictionary<string, JsonElement> Extras(int value) => new() { ["later"] = JsonSerializer.SerializeToElement(value) };

    private static ParameterDescription Parameter(long[] shape) => new("a", shape, ParameterInitialization.Zero);

    private static SamplerSettings Sampler(int[]? timesteps) => new() { Kind = SamplerKind.Multistep, Timesteps = timesteps };
}
