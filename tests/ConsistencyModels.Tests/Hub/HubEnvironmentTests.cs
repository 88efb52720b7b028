using ConsistencyModels.Hub;
using ConsistencyModels.Models;

namespace ConsistencyModels.Tests.Hub;

public sealed class HubEnvironmentTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public void Defaults_are_those_of_huggingface_hub()
    {
        var options = Read([]);
        var cache = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        Assert.Equal(Path.Combine(cache, "huggingface", "hub"), options.CacheFolder);
        Assert.Equal("https://huggingface.co/", options.Endpoint.AbsoluteUri);
        Assert.False(options.Offline);
    }

    [Fact]
    public void Variables_win_in_their_order()
    {
        Assert.Equal("/a/hub", Read(new() { ["HF_HOME"] = "/a" }).CacheFolder);
        Assert.Equal("/b", Read(new() { ["HF_HOME"] = "/a", ["HF_HUB_CACHE"] = "/b" }).CacheFolder);
        Assert.Equal("/c/huggingface/hub", Read(new() { ["XDG_CACHE_HOME"] = "/c" }).CacheFolder);
        Assert.Equal("http://mirror:8080/", Read(new() { ["HF_ENDPOINT"] = "http://mirror:8080/" }).Endpoint.AbsoluteUri);
        Assert.True(Read(new() { ["HF_HUB_OFFLINE"] = "1" }).Offline);
        Assert.False(Read(new() { ["HF_HUB_OFFLINE"] = "0" }).Offline);
    }

    [Fact]
    public void The_token_comes_from_the_variable_or_the_file_of_the_login()
    {
        File.WriteAllText(_folder.File("token"), "hf_file\n");
        Assert.Equal("hf_file", Read(new() { ["HF_HOME"] = _folder.Path }).Token);
        Assert.Equal("hf_variable", Read(new() { ["HF_HOME"] = _folder.Path, ["HF_TOKEN"] = "hf_variable" }).Token);
        Assert.DoesNotContain("x y", Assert.Throws<HubException>(() => Read(new() { ["HF_TOKEN"] = "x y" })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ftp://x")]
    [InlineData("huggingface.co")]
    [InlineData("https://user:password@x")]
    public void A_strange_endpoint_is_refused(string endpoint) =>
        Assert.Throws<HubException>(() => Read(new() { ["HF_ENDPOINT"] = endpoint }));

    [Fact]
    public void Published_checkpoints_are_found_by_name()
    {
        Assert.EndsWith("/consistency/cd_imagenet64_l2.pt", PublishedCheckpoints.Find("cd_imagenet64_l2.pt")!.AbsoluteUri, StringComparison.Ordinal);
        Assert.Equal(12, PublishedCheckpoints.Names.Count);
        Assert.Null(PublishedCheckpoints.Find("cd_imagenet64"));
    }

    public void Dispose() => _folder.Dispose();

    private static HubOptions Read(Dictionary<string, string> variables) => HubEnvironment.Read(name => variables.GetValueOrDefault(name));
}
