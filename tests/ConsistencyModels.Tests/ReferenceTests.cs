using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.Json;

namespace ConsistencyModels.Tests;

/// <summary>What a program takes on that references the core alone.</summary>
public class ReferenceTests
{
    private const long MostBytes = 5_000_000;

    [Fact]
    public void The_core_is_small_and_references_three_managed_packages()
    {
        var files = Referenced("ConsistencyModels");
        Assert.Equal(["ConsistencyModels", "Polly.Core", "System.IO.Hashing", "System.Numerics.Tensors"], files.Keys.Order(StringComparer.Ordinal));
        Assert.InRange(files.Values.Sum(path => new FileInfo(path).Length), 1, MostBytes);
    }

    [Fact]
    public void The_core_restores_no_package_but_those()
    {
        // The lock file has every package of the closure, natives too.
        using var json = JsonDocument.Parse(File.ReadAllText(RepositoryFiles.Path("src", "ConsistencyModels", "packages.lock.json")));
        var packages = json.RootElement.GetProperty("dependencies").EnumerateObject()
            .SelectMany(framework => framework.Value.EnumerateObject()).Select(package => package.Name).Distinct().Order(StringComparer.Ordinal)
            .Where(package => package != "Microsoft.NET.ILLink.Tasks"); // analyzers of the build, which no package depends on
        Assert.Equal(["Polly.Core", "System.IO.Hashing", "System.Numerics.Tensors"], packages);
    }

    /// <summary>An assembly and all it references that lies beside it: the rest belongs to the runtime.</summary>
    private static Dictionary<string, string> Referenced(string root)
    {
        Dictionary<string, string> found = [];
        var open = new Queue<string>([root]);
        while (open.TryDequeue(out var name))
        {
            var path = Path.Combine(AppContext.BaseDirectory, name + ".dll");
            if (!File.Exists(path) || !found.TryAdd(name, path))
            {
                continue;
            }

            using var file = new PEReader(File.OpenRead(path));
            var metadata = file.GetMetadataReader();
            foreach (var handle in metadata.AssemblyReferences)
            {
                open.Enqueue(metadata.GetString(metadata.GetAssemblyReference(handle).Name));
            }
        }

        return found;
    }
}
