using System.Reflection;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Tests.Networks;

public class EngineRegistryTests
{
    private static readonly Func<string, Assembly> Nothing = name => throw new FileNotFoundException(null, name);

    [Fact]
    public void Without_any_engine_the_error_says_what_to_reference()
    {
        var error = Assert.Throws<ConsistencyModelsException>(() => new EngineRegistry(Nothing).Default);
        Assert.Contains("reference the package ConsistencyModels.Torch", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void The_first_registered_is_the_default_and_nothing_is_loaded()
    {
        var registry = new EngineRegistry(_ => throw new InvalidOperationException("must not load"));
        var first = new Named("first");
        registry.Register(first);
        registry.Register(new Named("second"));
        Assert.Same(first, registry.Default);
    }

    [Fact]
    public void Engines_are_found_by_name_whatever_the_case_and_replaced_by_their_own_kind()
    {
        var registry = new EngineRegistry(Nothing);
        registry.Register(new Named("cpu"));
        var second = new Named("CPU");
        registry.Register(second);
        Assert.Same(second, registry.Find("Cpu"));
        Assert.Same(second, Assert.Single(registry.Registered));
    }

    [Fact]
    public void An_unknown_name_lists_the_known_ones()
    {
        var registry = new EngineRegistry(Nothing);
        registry.Register(new Named("cpu"));
        var error = Assert.Throws<ConsistencyModelsException>(() => registry.Find("tpu"));
        Assert.Contains("no engine \"tpu\"; registered: \"cpu\"", error.Message);
    }

    [Fact]
    public void An_assembly_that_registers_nothing_is_an_error()
    {
        var registry = new EngineRegistry(_ => typeof(EngineRegistry).Assembly);
        var error = Assert.Throws<ConsistencyModelsException>(() => registry.Default);
        Assert.Contains("registered no engine", error.Message);
    }

    [Fact]
    public void The_process_wide_registry_reports_a_missing_torch_assembly()
    {
        // This test project references the library alone, as a program that forgot the engine would.
        var error = Assert.Throws<ConsistencyModelsException>(() => NetworkEngines.Find("torch"));
        Assert.Contains("ConsistencyModels.Torch", error.Message);
        Assert.IsType<FileNotFoundException>(error.InnerException);
    }

    private sealed class Named(string name) : INetworkEngine
    {
        public string Name { get; } = name;

        public IUNet Load(UNet2DConfig config, ITensorSource weights, EngineOptions options, CancellationToken cancellationToken = default) =>
            new PointwiseUNet(config);
    }
}
