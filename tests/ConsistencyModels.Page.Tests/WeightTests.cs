using System.Text.RegularExpressions;

namespace ConsistencyModels.Page.Tests;

/// <summary>What the page is made of: little, and nothing from elsewhere.</summary>
public sealed partial class WeightTests
{
    private const int Most = 150 * 1024;

    private static readonly string Folder = RepositoryFiles.Source("ConsistencyModels.Server", "Page");

    private static string[] Files => Directory.GetFiles(Folder, "*", SearchOption.AllDirectories);

    [Fact]
    public void It_is_small()
    {
        Assert.NotEmpty(Files);
        Assert.InRange(Files.Sum(file => new FileInfo(file).Length), 1, Most);
        Assert.All(Files, file => Assert.InRange(File.ReadLines(file).Count(), 1, 500));
    }

    [Fact]
    public void Nothing_comes_from_another_host() =>
        Assert.All(Files, file => Assert.DoesNotMatch(Elsewhere(), File.ReadAllText(file).Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal)));

    [Fact]
    public void Every_module_is_used_and_is_there()
    {
        var modules = Files.Where(file => file.EndsWith(".js", StringComparison.Ordinal)).ToHashSet();
        HashSet<string> reached = [];
        Stack<string> left = new([Path.Combine(Folder, "js", "app.js")]);
        while (left.TryPop(out var module))
        {
            if (reached.Add(module))
            {
                Assert.Contains(module, modules);
                foreach (Match import in Import().Matches(File.ReadAllText(module)))
                {
                    left.Push(Path.GetFullPath(Path.Combine(Path.GetDirectoryName(module)!, import.Groups[1].Value)));
                }
            }
        }

        Assert.Equal(modules.Order(), reached.Order());
    }

    [GeneratedRegex(@"(https?:)?//[a-z0-9.-]+\.[a-z]{2,}|@import|innerHTML|\beval\(", RegexOptions.IgnoreCase)]
    private static partial Regex Elsewhere();

    [GeneratedRegex(@"^import .* from '(\.[^']+)';$", RegexOptions.Multiline)]
    private static partial Regex Import();
}
