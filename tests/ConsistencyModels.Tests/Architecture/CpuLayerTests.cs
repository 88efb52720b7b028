using ConsistencyModels.Cpu;

namespace ConsistencyModels.Tests.Architecture;

/// <summary>The CPU engine's folders are layers, each with a namespace of its own, and know only those below.</summary>
public sealed class CpuLayerTests
{
    private const string Root = "ConsistencyModels.Cpu";

    /// <summary>For each layer those of the engine that it may know.</summary>
    private static readonly Dictionary<string, string[]> Below = new()
    {
        [$"{Root}.Memory"] = [],
        [$"{Root}.Threading"] = [],
        [$"{Root}.Kernels"] = [],
        [$"{Root}.Packing"] = [$"{Root}.Kernels", $"{Root}.Memory", $"{Root}.Threading"],
        [$"{Root}.Caching"] = [$"{Root}.Kernels", $"{Root}.Memory", $"{Root}.Packing", $"{Root}.Threading"],
        [$"{Root}.Planning"] = [$"{Root}.Kernels", $"{Root}.Memory", $"{Root}.Packing", $"{Root}.Threading"],
        [$"{Root}.Backward"] = [$"{Root}.Kernels", $"{Root}.Memory", $"{Root}.Packing", $"{Root}.Planning"],
        [$"{Root}.Training"] = [$"{Root}.Backward", $"{Root}.Memory", $"{Root}.Packing", $"{Root}.Planning", $"{Root}.Threading"],
        [Root] = [$"{Root}.Caching", $"{Root}.Kernels", $"{Root}.Memory", $"{Root}.Packing", $"{Root}.Planning", $"{Root}.Threading", $"{Root}.Training"],
    };

    [Fact]
    public void A_layer_uses_only_types_of_the_layers_below_it()
    {
        var wrong = TypeUses.Of(typeof(CpuEngine).Assembly)
            .Where(use => Inside(use.User.Namespace) && Inside(use.Used.Namespace) && !Allowed(use.User.Namespace, use.Used.Namespace))
            .Select(use => $"{use.User} -> {use.Used}");
        Assert.Empty(wrong);
    }

    [Fact]
    public void A_layer_names_only_namespaces_of_the_layers_below_it()
    {
        var wrong = SourceUsings.Of(RepositoryFiles.Source("ConsistencyModels", "Cpu"), Root)
            .Where(use => !Allowed(use.User, use.Used)).Select(use => $"{use.User} -> {use.Used}");
        Assert.Empty(wrong);
    }

    [Fact]
    public void A_folder_is_a_namespace()
    {
        var folder = RepositoryFiles.Source("ConsistencyModels", "Cpu");
        foreach (var file in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
        {
            var expected = string.Join('.', [Root, .. Path.GetRelativePath(folder, Path.GetDirectoryName(file)!).Split('/', '\\').Where(part => part != ".")]);
            Assert.True(File.ReadLines(file).Contains($"namespace {expected};"), $"{file} is not in {expected}");
        }
    }

    [Fact]
    public void Uses_are_found_in_signatures_locals_calls_and_type_arguments()
    {
        var own = typeof(CpuLayerTests).Namespace!;
        var uses = TypeUses.Of(typeof(CpuLayerTests).Assembly).Where(use => use.User.Name == nameof(Uses)).Select(use => use.Used).ToHashSet();
        Assert.Superset(
            new HashSet<TypeUse>(
            [
                new(own, nameof(TypeUse)), new(typeof(List<>).Namespace!, typeof(List<>).Name), new(typeof(Version).Namespace!, nameof(Version)),
                new(typeof(Path).Namespace!, nameof(Path)), new(typeof(FormatException).Namespace!, nameof(FormatException)),
                new(typeof(ObsoleteAttribute).Namespace!, nameof(ObsoleteAttribute)),
            ]),
            uses);
    }

    private static bool Inside(string name) => name == Root || name.StartsWith(Root + ".", StringComparison.Ordinal);

    private static bool Allowed(string user, string used) => user == used || Below[user].Contains(used);
}

/// <summary>Uses types in several ways, to be found by <see cref="CpuLayerTests"/>.</summary>
internal static class Uses
{
    [Obsolete("never called")]
    public static object? All(List<Version?> list)
    {
        try
        {
            TypeUse? local = list.Count > int.MaxValue - 1 ? default(TypeUse) : null;
            return (local, Path.PathSeparator);
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
