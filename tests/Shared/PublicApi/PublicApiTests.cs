using System.Reflection;
using PublicApiGenerator;

namespace ConsistencyModels.Testing;

/// <summary>The public API of the package under test is a checked-in text, PublicApi.txt beside the tests: changing it is a decision.</summary>
public class PublicApiTests
{
    [Fact]
    public void The_public_API_is_what_the_checked_in_text_says()
    {
        var tests = typeof(PublicApiTests).Assembly.GetName().Name!;
        var name = tests[..^".Tests".Length];
        var api = Assembly.Load(name).GeneratePublicApi(new ApiGeneratorOptions { IncludeAssemblyAttributes = false }).ReplaceLineEndings("\n") + "\n";
        var accepted = RepositoryFiles.Path("tests", tests, "PublicApi.txt");
        if (Environment.GetEnvironmentVariable("CM_ACCEPT_API") is "1")
        {
            File.WriteAllText(accepted, api);
        }

        var old = File.Exists(accepted) ? File.ReadAllLines(accepted) : [];
        var now = api.Split('\n')[..^1];
        var (gone, added) = (old.Except(now).Take(10).Select(line => $"- {line.Trim()}"), now.Except(old).Take(10).Select(line => $"+ {line.Trim()}"));
        Assert.True(old.SequenceEqual(now), string.Join('\n', ["The API differs; CM_ACCEPT_API=1 writes the new text:", .. gone, .. added]));
    }
}
