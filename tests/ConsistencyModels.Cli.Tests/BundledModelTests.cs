namespace ConsistencyModels.Cli.Tests;

public sealed class BundledModelTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_is_found_beside_the_program_before_any_folder_above()
    {
        var start = _folder["repository", "bin"];
        Directory.CreateDirectory(start);
        Assert.Null(BundledModel.Find(start));

        var above = Make(_folder["repository"]);
        Assert.Equal(above, BundledModel.Find(start));

        var beside = Make(start);
        Assert.Equal(beside, BundledModel.Find(start));
    }

    private static string Make(string parent)
    {
        var model = Path.Combine(parent, "models", BundledModel.Name);
        Directory.CreateDirectory(model);
        File.WriteAllText(Path.Combine(model, "model_index.json"), "{}");
        return model;
    }
}
