using System.Text.Json;
using ConsistencyModels.Cli.Reports;
using ConsistencyModels.Hub;

namespace ConsistencyModels.Cli.Tests.Commands;

public sealed class ModelsTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private StoredModels Find() => StoredModels.Find(
        new HubOptions { CacheFolder = _folder["hub"], UrlCacheFolder = _folder["own"] },
        _folder["packed"],
        AppContext.BaseDirectory);

    private void Write(string path, int bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[path])!);
        File.WriteAllBytes(_folder[path], new byte[bytes]);
    }

    [Fact]
    public void What_is_here_is_listed_by_the_name_that_the_commands_take()
    {
        Write("hub/models--org--some--name/blobs/abc", 1000);
        Directory.CreateDirectory(_folder["hub/models--org--some--name/snapshots/1"]);
        File.CreateSymbolicLink(_folder["hub/models--org--some--name/snapshots/1/weights"], "../../blobs/abc");
        Write("hub/datasets--org--pictures/blobs/abc", 10);
        Write("own/urls--0123/snapshots/1/cd_cat256_l2.pt", 20);
        Write("own/other/file", 5);
        Write("packed/0123.packed", 30);
        Write("packed/mine.txt", 7);
        var models = Find();
        Assert.Equal(BundledModel.Name, models.Bundled[0].Name);
        Assert.Equal([("cd_cat256_l2", 20L), ("org/some/name", 1000L)], models.Downloaded.Select(model => (model.Name, model.Bytes)));
        Assert.Equal(30, models.Packed!.Bytes);
        Assert.DoesNotContain("cd_cat256_l2", models.Downloadable);
        Assert.Contains("cd_cat256_lpips", models.Downloadable);
    }

    [Fact]
    public void What_is_removed_is_what_was_named_and_nothing_else()
    {
        Write("hub/models--a--b/blobs/abc", 1000);
        Write("hub/models--a--c/blobs/abc", 1000);
        Write("packed/0123.packed", 30);
        Write("packed/0123.packed.used", 0);
        Write("packed/mine.txt", 7);
        Find().Remove("a/b");
        Find().RemovePacked();
        Assert.Equal(["a/c"], Find().Downloaded.Select(model => model.Name));
        Assert.Equal(["mine.txt"], Directory.EnumerateFiles(_folder["packed"]).Select(Path.GetFileName));
        Assert.Contains("a/b", Assert.Throws<ConsistencyModelsException>(() => Find().Remove("a/b")).Message);
        Assert.Contains("with the program", Assert.Throws<ConsistencyModelsException>(() => Find().Remove(BundledModel.Name)).Message);
    }

    [Fact]
    public void The_command_prints_it()
    {
        Assert.Contains(BundledModel.Name, Cm.Succeed("models").Out);
        using var json = JsonDocument.Parse(Cm.Succeed("models", "--json").Out);
        Assert.Equal(BundledModel.Name, json.RootElement.GetProperty("models")[0].GetProperty("name").GetString());
    }

    [Fact]
    public void Removing_needs_one_thing_to_remove()
    {
        Assert.Contains("--packed", Cm.Refuse("models", "remove"));
        Assert.Contains("--packed", Cm.Refuse("models", "remove", "a", "--packed"));
    }
}
