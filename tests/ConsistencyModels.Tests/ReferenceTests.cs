using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace ConsistencyModels.Tests;

public class ReferenceTests
{
    [Fact]
    public void The_library_and_all_it_references_know_no_TorchSharp()
    {
        var folder = AppContext.BaseDirectory;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Queue<string>(["ConsistencyModels"]);
        while (open.TryDequeue(out var name))
        {
            // What lies elsewhere belongs to the runtime.
            var path = Path.Combine(folder, name + ".dll");
            if (!seen.Add(name) || !File.Exists(path))
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

        Assert.Contains("Polly.Core", seen); // The walk went somewhere.
        Assert.DoesNotContain(seen, name => name.Contains("Torch", StringComparison.OrdinalIgnoreCase));
    }
}
