using System.Text;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Tests.Files;

public sealed class WrongContentTests : IDisposable
{
    private const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:3894793fd6ec225915507620abdf7ce3f7ceecdb17361457a4440e0cda2a249b\nsize 44678\n";
    private readonly TempFolder _folder = new();

    [Theory]
    [InlineData("w.safetensors", Pointer, "Git LFS pointer", "git lfs pull")]
    [InlineData("w.pt", Pointer, "Git LFS pointer", "git lfs pull")]
    [InlineData("config.json", Pointer, "Git LFS pointer", "git lfs pull")]
    [InlineData("w.safetensors", "\ufeff\n<!DOCTYPE html><html><body>Sign in</body></html>", "a page of HTML", "fetch it again")]
    [InlineData("w.pt", "<HTML>", "a page of HTML", "fetch it again")]
    [InlineData("w.safetensors", "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "an XML document", "fetch it again")]
    public void What_came_in_place_of_a_file_is_said(string name, string content, params string[] expected)
    {
        File.WriteAllBytes(_folder[name], Encoding.UTF8.GetBytes(content));
        Action open = Path.GetExtension(name) switch
        {
            ".pt" => () => TorchFile.Open(_folder[name]).Dispose(),
            ".json" => () => UNet2DConfig.Load(_folder[name]),
            _ => () => SafetensorsFile.Open(_folder[name]).Dispose(),
        };
        var message = Assert.ThrowsAny<ConsistencyModelsException>(open).Message;
        Assert.StartsWith(_folder[name], message, StringComparison.Ordinal);
        Assert.All(expected, part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    [Fact]
    public void Other_files_are_nothing_wrong()
    {
        Assert.Null(WrongContent.Describe([]));
        Assert.Null(WrongContent.Describe("PK\u0003\u0004"u8));
        Assert.Null(WrongContent.Describe("{\"a\": \"<html>\"}"u8));
    }

    public void Dispose() => _folder.Dispose();
}
