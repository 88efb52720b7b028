namespace ConsistencyModels.Server.Tests;

public class ReadmeTests
{
    [Fact]
    public void The_packages_page_shows_lines_of_the_sample()
    {
        var readme = File.ReadAllText(RepositoryFiles.Source("ConsistencyModels.Server", "README.md"));
        var block = readme.Split("```cs\n")[1].Split("```")[0];
        var sample = File.ReadAllLines(RepositoryFiles.Path("samples", "ServedTiles", "Program.cs"));
        var places = block.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Array.IndexOf(sample, line)).ToArray();
        Assert.Equal(6, places.Length);
        Assert.DoesNotContain(-1, places);
        Assert.Equal(places.Order(), places);
    }
}
