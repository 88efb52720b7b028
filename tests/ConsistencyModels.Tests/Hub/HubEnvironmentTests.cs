using ConsistencyModels.Files;
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
    public void Variables_inside_variables_are_expanded_as_huggingface_hub_does()
    {
        Assert.Equal("/home/me/hf/hub", Read(new() { ["HF_HOME"] = "$ME/hf", ["ME"] = "/home/me" }).CacheFolder);
        Assert.Equal("/home/me-x", Read(new() { ["HF_HUB_CACHE"] = "${ME}-x", ["ME"] = "/home/me" }).CacheFolder);
        Assert.Equal("/home/me/huggingface/hub", Read(new() { ["XDG_CACHE_HOME"] = "$ME", ["ME"] = "/home/me" }).CacheFolder);
        Assert.Equal("/$UNSET/hub", Read(new() { ["HF_HOME"] = "/$UNSET" }).CacheFolder);
        File.WriteAllText(_folder.File("t"), "hf_there");
        Assert.Equal("hf_there", Read(new() { ["HF_TOKEN_PATH"] = "$DIR/t", ["DIR"] = _folder.Path }).Token);
    }

    [Theory]
    [InlineData("HF_HOME")]
    [InlineData("HF_HUB_CACHE")]
    [InlineData("XDG_CACHE_HOME")]
    [InlineData("CM_CACHE")]
    [InlineData("CM_PACKED_CACHE")]
    public void The_home_of_another_user_is_no_folder_in_the_current_one(string variable)
    {
        var error = Assert.Throws<ConsistencyModelsException>(() => CacheFolders.Read(name => name == variable ? "~somebody/cache" : null));
        Assert.Equal($"{variable}: found '~somebody/cache', expected a full path: homes of other users are not looked up (./~ for a folder of such a name)", error.Message);
        Assert.Equal(Path.GetFullPath("~folder/x"), CacheFolders.Read(name => name == variable ? "./~folder/x" : null) switch
        {
            var folders when variable is "HF_HOME" => folders.HuggingFace,
            var folders when variable is "HF_HUB_CACHE" => folders.Hub,
            var folders when variable is "CM_CACHE" => folders.Own,
            var folders when variable is "CM_PACKED_CACHE" => folders.PackedWeights,
            var folders => Path.GetDirectoryName(folders.Own),
        });
    }

    [Theory]
    [InlineData("socks5h://p:1", "socks5://p:1/")]
    [InlineData("socks://p:1", "socks5://p:1/")]
    [InlineData("SOCKS5://p:1", "socks5://p:1/")]
    [InlineData("socks4a://p:1", "socks4a://p:1/")]
    [InlineData("p:3128", "http://p:3128/")]
    [InlineData("https://p:3128", "https://p:3128/")]
    public void Proxies_are_those_that_the_variables_name(string value, string expected)
    {
        var proxy = Proxy(new() { ["ALL_PROXY"] = value })!;
        Assert.Equal(expected, proxy.GetProxy(new Uri("https://h/"))!.AbsoluteUri);
        Assert.Equal(expected, proxy.GetProxy(new Uri("http://h/"))!.AbsoluteUri);
        Assert.Null(Proxy(new() { ["NO_PROXY"] = "x" }));
        var only = Proxy(new() { ["https_proxy"] = value })!;
        Assert.Equal((false, true), (only.IsBypassed(new Uri("https://h/")), only.IsBypassed(new Uri("http://h/"))));
    }

    [Theory]
    [InlineData("gopher://user:secret@p:1")]
    [InlineData("://")]
    [InlineData("http://")]
    public void A_proxy_that_is_not_understood_is_an_error(string value)
    {
        var error = Assert.Throws<HubException>(() => Proxy(new() { ["ALL_PROXY"] = value }));
        Assert.StartsWith("ALL_PROXY is not understood", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("*", "http://any/", true)]
    [InlineData("a.org, b.org", "http://b.org/", true)]
    [InlineData("b.org", "http://www.b.org/", true)]
    [InlineData(".b.org", "http://www.b.org/", true)]
    [InlineData("b.org", "http://ab.org/", false)]
    [InlineData("b.org:8080", "http://b.org:8080/", true)]
    [InlineData("b.org:8080", "http://b.org/", false)]
    [InlineData("10.0.0.0/8", "http://10.1.2.3/", true)]
    [InlineData("10.0.0.0/8", "http://11.1.2.3/", false)]
    [InlineData("::1", "http://[::1]/", true)]
    [InlineData("127.0.0.1", "http://localhost/", false)]
    public void Some_hosts_are_asked_directly(string direct, string address, bool expected) =>
        Assert.Equal(expected, Proxy(new() { ["all_proxy"] = "http://p:1", ["no_proxy"] = direct })!.IsBypassed(new Uri(address)));

    [Fact]
    public void A_proxy_gets_its_password_and_nobody_else()
    {
        var proxy = Proxy(new() { ["ALL_PROXY"] = "socks5h://me:pa%40ss@p:1" })!;
        var credential = proxy.GetCredential(new Uri("socks5://p:1"), "");
        Assert.Equal(("me", "pa@ss"), (credential!.UserName, credential.Password));
        Assert.Null(proxy.GetCredential(new Uri("socks5://q:1"), ""));
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

    private static HubProxy? Proxy(Dictionary<string, string> variables) => HubProxy.Read(name => variables.GetValueOrDefault(name));

    private static HubOptions Read(Dictionary<string, string> variables) => HubEnvironment.Read(name => variables.GetValueOrDefault(name));
}
