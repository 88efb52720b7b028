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

    [Fact]
    public void Others_beside_it_have_the_names_of_their_folders_and_paths_are_none_of_them()
    {
        var start = _folder["program"];
        var other = Make(start, "another");
        Assert.Empty(BundledModel.Names(start));
        Make(start);
        Make(start, "zebra");
        Directory.CreateDirectory(Path.Combine(start, "models", "empty"));
        Assert.Equal([BundledModel.Name, "another", "zebra"], BundledModel.Names(start));
        Assert.Equal(other, BundledModel.Find(start, "another"));
        foreach (var name in (string[])["", ".", "..", "empty", "nothing", "../models/another", "another/", "another/../zebra", other])
        {
            Assert.Null(BundledModel.Find(start, name));
        }
    }

    [Fact]
    public void Its_name_is_taken_wherever_a_model_is()
    {
        var named = Cm.Succeed("generate", "--model", BundledModel.Name, "--seed", "3", "--out", _folder["named.png"]);
        Cm.Succeed("generate", "--seed", "3", "--out", _folder["plain.png"]);
        Assert.Equal(File.ReadAllBytes(_folder["plain.png"]), File.ReadAllBytes(_folder["named.png"]));
        Assert.Contains("skeleton", Cm.Succeed("info", BundledModel.Name).Out);
        Cm.Succeed("new", BundledModel.Name, "--out", _folder["new"], "-q");
        var (pictures, manifest) = (TinyModel.Pictures(_folder), _folder["eval", "evaluation.json"]);
        Cm.Succeed("evaluate", BundledModel.Name, "--reference", pictures, "--size", "32", "-n", "2", "--out", _folder["eval"], "-q");
        Assert.Contains($"\"model\": \"{BundledModel.Name}\"", File.ReadAllText(manifest));
        Assert.Contains("the same to the last digit", Cm.Succeed("evaluate", "--repeat", manifest).Error);
    }

    private static string Make(string parent, string name = BundledModel.Name)
    {
        var model = Path.Combine(parent, "models", name);
        Directory.CreateDirectory(model);
        File.WriteAllText(Path.Combine(model, "model_index.json"), "{}");
        return model;
    }
}
