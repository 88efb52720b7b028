using System.Reflection;
using ConsistencyModels.Training.Runs;

namespace ConsistencyModels.Training.Tests;

public class ReferencesTests
{
    [Fact]
    public void Training_and_all_it_references_know_no_libtorch()
    {
        HashSet<string> seen = [];
        Queue<Assembly> waiting = new([typeof(Trainer).Assembly]);
        while (waiting.TryDequeue(out var assembly))
        {
            foreach (var reference in assembly.GetReferencedAssemblies().Where(reference => seen.Add(reference.Name!) && !reference.Name!.StartsWith("System", StringComparison.Ordinal)))
            {
                waiting.Enqueue(Assembly.Load(reference));
            }
        }

        Assert.Contains("ConsistencyModels.Data", seen);
        Assert.DoesNotContain(seen, name => name.Contains("Torch", StringComparison.OrdinalIgnoreCase));
    }
}
