using System.Text.RegularExpressions;

namespace ConsistencyModels.Server.Tests;

/// <summary>The rooms of the server: who may know whom. Its root's options and problems are known by all; the one file that composes it knows all.</summary>
public sealed partial class RoomTests
{
    private const string Library = "ConsistencyModels.Server";
    private const string Composition = "ConsistencyModelsServer.cs";

    private static readonly Dictionary<string, string[]> Known = new()
    {
        [""] = ["Batching"],
        ["Batching"] = [],
        ["Work"] = [],
        ["Requests"] = [],
        ["Serving"] = ["Batching"],
        ["Drawing"] = ["Requests", "Serving", "Work"],
        ["Jobs"] = ["Drawing", "Requests"],
        ["Documents"] = ["Drawing", "Requests"],
        ["Http"] = ["Drawing", "Jobs", "Requests", "Serving", "Work"],
    };

    [Fact]
    public void A_room_uses_only_rooms_that_it_may_know_and_they_form_no_cycle()
    {
        var folder = RepositoryFiles.Source(Library);
        var used = Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Select(file => (Room: Path.GetRelativePath(folder, Path.GetDirectoryName(file)!).Split('/', '\\')[0].TrimStart('.'), File: file))
            .Where(file => file.Room is not ("obj" or "bin") && Path.GetFileName(file.File) != Composition)
            .SelectMany(file => Using().Matches(File.ReadAllText(file.File)).Select(match => (User: file.Room, Used: match.Groups[1].Value)))
            .Where(use => use.User != use.Used)
            .Distinct()
            .ToArray();
        Assert.Empty(used.Where(use => !Known[use.User].Contains(use.Used)).Select(use => $"{use.User} -> {use.Used}"));
        Assert.Empty(Known.SelectMany(room => room.Value.Select(other => (room.Key, other))).Except(used).Select(edge => $"{edge.Item1} -> {edge.Item2}: not used"));

        List<string> ordered = [];
        while (Known.Keys.Except(ordered).FirstOrDefault(room => Known[room].All(ordered.Contains)) is { } next)
        {
            ordered.Add(next);
        }

        Assert.Equal(Known.Count, ordered.Count);
    }

    [GeneratedRegex(@"^using ConsistencyModels\.Server\.(\w+);", RegexOptions.Multiline)]
    private static partial Regex Using();
}
