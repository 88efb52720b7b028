using ConsistencyModels.Checkpoints;
using ConsistencyModels.Engines;
using ConsistencyModels.Networks;
using ConsistencyModels.Tests.Networks;

namespace ConsistencyModels.Tests.Engines;

public class EngineRegistryTests
{
    [Fact]
    public void Without_any_engine_the_error_says_what_to_reference()
    {
        var error = Assert.Throws<ConsistencyModelsException>(() => new EngineRegistry().For(new()));
        Assert.Contains("found none: the package ConsistencyModels.Torch", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void The_first_that_can_run_it_is_taken_and_later_ones_are_not_even_made()
    {
        var first = new Named("first");
        var registry = new EngineRegistry(first).With("second", () => throw new InvalidOperationException("must not be made"));
        Assert.Same(first, registry.For(new()));
        Assert.Equal(["first", "second"], registry.Names);
    }

    [Fact]
    public void One_that_cannot_run_it_is_passed_over()
    {
        var second = new Named("second");
        Assert.Same(second, new EngineRegistry(new Named("first", runs: false)).With(second).For(new()));
    }

    [Fact]
    public void Engines_are_found_by_name_whatever_the_case_and_replaced_by_their_own_kind()
    {
        var second = new Named("CPU");
        var registry = new EngineRegistry(new Named("cpu"), new Named("other")).With(second);
        Assert.Same(second, registry.Find("Cpu"));
        Assert.Equal(["CPU", "other"], registry.Names);
    }

    [Fact]
    public void A_registry_does_not_change_when_another_is_made_of_it()
    {
        var registry = new EngineRegistry(new Named("cpu"));
        registry.With(new Named("more"));
        Assert.Equal(["cpu"], registry.Names);
    }

    [Fact]
    public void An_unknown_name_lists_the_known_ones()
    {
        var error = Assert.Throws<ConsistencyModelsException>(() => new EngineRegistry(new Named("cpu")).With("torch", () => new Named("torch")).Find("tpu"));
        Assert.Equal("there is no engine \"tpu\"; expected one of \"cpu\", \"torch\"", error.Message);
    }

    [Fact]
    public void The_managed_engine_alone_refuses_a_gpu_and_says_which_package_has_one()
    {
        var error = Assert.Throws<ConsistencyModelsException>(() => EngineRegistry.Managed.For(new() { Device = "cuda" }));
        Assert.Contains("\"cuda\"; found \"cpu\": the package ConsistencyModels.Torch", error.Message);
    }

    private sealed class Named(string name, bool runs = true) : INetworkEngine
    {
        public string Name { get; } = name;

        public bool CanRun(EngineOptions options) => runs;

        public IUNet Load(UNet2DConfig config, ITensorSource weights, EngineOptions options, CancellationToken cancellationToken = default) =>
            new PointwiseUNet(config);
    }
}
