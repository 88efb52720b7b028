namespace ConsistencyModels.Tests.Architecture;

/// <summary>
/// The rooms of the library: a folder is a namespace, and who may know whom is written down here. A new edge is a decision:
/// add it to the list, and to the picture in docs/architecture.md.
/// </summary>
public sealed class RoomTests
{
    private const string Library = "ConsistencyModels";

    /// <summary>For each room those it may know, besides the few types of the root.</summary>
    private static readonly Dictionary<string, string[]> Known = new()
    {
        [""] = [],
        ["Files"] = [],
        ["Noise"] = [],
        ["Pixels"] = [],
        ["Checkpoints"] = ["Files"],
        ["Networks"] = ["Files", "Checkpoints"],
        ["Denoising"] = ["Networks"],
        ["Schedulers"] = ["Files", "Noise", "Denoising"],
        ["Editing"] = ["Pixels"],
        ["Samplers"] = ["Files", "Noise", "Denoising", "Schedulers", "Editing"],
        ["Hub"] = ["Files", "Checkpoints"],
        ["Models"] = ["Files", "Noise", "Checkpoints", "Networks", "Denoising", "Schedulers", "Hub"],
        ["Cpu"] = ["Files", "Checkpoints", "Networks"],
        ["Engines"] = ["Checkpoints", "Networks", "Cpu"],
        ["Pipelines"] =
        [
            "Files", "Noise", "Pixels", "Checkpoints", "Networks", "Denoising", "Schedulers", "Samplers", "Editing", "Hub", "Models", "Engines",
        ],
    };

    [Fact]
    public void A_room_uses_only_rooms_that_it_may_know()
    {
        var used = TypeUses.Of(typeof(ConsistencyModelsException).Assembly).Select(use => (use.User.Namespace, use.Used.Namespace))
            .Concat(SourceUsings.Of(RepositoryFiles.Source(Library), Library))
            .Where(use => IsOurs(use.Item1) && IsOurs(use.Item2))
            .Select(use => (User: Room(use.Item1), Used: Room(use.Item2)))
            .Where(use => use.User != use.Used && use.Used != "")
            .Distinct()
            .ToArray();
        Assert.NotEmpty(used);
        Assert.Empty(used.Where(use => !Known.GetValueOrDefault(use.User, []).Contains(use.Used)).Select(use => $"{use.User} -> {use.Used}"));

        // A permission nobody uses would hide the edge that comes back one day.
        Assert.Empty(Known.SelectMany(room => room.Value.Select(other => (User: room.Key, Used: other))).Except(used).Select(edge => $"{edge.User} -> {edge.Used}: not used"));
    }

    [Fact]
    public void The_rooms_form_no_cycle()
    {
        HashSet<string> done = [];
        void Visit(string room, string[] way)
        {
            Assert.False(way.Contains(room), string.Join(" -> ", [.. way, room]));
            if (done.Add(room))
            {
                foreach (var other in Known[room])
                {
                    Visit(other, [.. way, room]);
                }
            }
        }

        foreach (var room in Known.Keys)
        {
            done.Clear();
            Visit(room, []);
        }
    }

    [Fact]
    public void A_folder_is_a_namespace_in_every_project()
    {
        foreach (var project in Directory.GetDirectories(RepositoryFiles.Path("src")))
        {
            var root = Path.GetFileName(project);
            foreach (var file in Directory.EnumerateFiles(project, "*.cs", SearchOption.AllDirectories))
            {
                var parts = Path.GetRelativePath(project, Path.GetDirectoryName(file)!).Split('/', '\\');
                if (parts[0] is "obj" or "bin")
                {
                    continue;
                }

                var own = File.ReadLines(file).FirstOrDefault(line => line.StartsWith("namespace ", StringComparison.Ordinal));
                var expected = string.Join('.', [root, .. parts.Where(part => part != ".")]);
                Assert.True(own is null || own == $"namespace {expected};" || Exceptions.Contains((expected, own)), $"{file}: {own}, expected {expected}");
            }
        }
    }

    /// <summary>Folders whose files share the namespace of the room around them.</summary>
    private static IReadOnlySet<(string Folder, string Line)> Exceptions { get; } = new HashSet<(string, string)>
    {
        ("ConsistencyModels.Models.Presets", "namespace ConsistencyModels.Models;"),
        ("ConsistencyModels.Checkpoints.Torch", "namespace ConsistencyModels.Checkpoints;"),

        // A namespace of this name would hide System.Console.
        ("ConsistencyModels.Cli.Console", "namespace ConsistencyModels.Cli;"),
    };

    private static bool IsOurs(string name) => name == Library || name.StartsWith(Library + ".", StringComparison.Ordinal);

    private static string Room(string name) => name.Split('.') is [_, var room, ..] ? room : "";
}
