using System.Text.Json;
using System.Text.Json.Nodes;
using ConsistencyModels.Training.Records;

namespace ConsistencyModels.Training.Tests.Records;

public class RunHistoryTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 27, 14, 0, 0, TimeSpan.FromHours(2));

    [Fact]
    public void The_configuration_is_written_as_it_was_said()
    {
        using var folder = new TempFolder();
        RunHistory.Record(folder.Path, Description(1e-3), 0, Noon);
        Assert.Equal(
            """
            {
              "format": 1,
              "time": "2026-11-27T12:00:00Z",
              "images": 0,
              "objective": {
                "name": "ect",
                "p_mean": -1.1,
                "limit": "Infinity",
                "metric": null
              },
              "network": {
                "config": {
                  "layers": [
                    1,
                    2
                  ],
                  "größe": 80.0
                }
              },
              "optimizer": {
                "learning_rate": 0.001,
                "clip": false,
                "images": 25600000000
              }
            }

            """,
            File.ReadAllText(folder.File("run.json")));
        Assert.Equal(["run.json"], folder.Files.Select(Path.GetFileName));
    }

    [Fact]
    public void Changes_are_from_what_was_set_for_the_images_up_to_here()
    {
        using var folder = new TempFolder();
        string[] Changes(double rate, long images) => [.. RunHistory.Changes(folder.Path, Description(rate), images).Select(change => $"{change.Key}: {change.From} {change.To}")];
        Assert.Empty(Changes(1e-3, 100));
        RunHistory.Record(folder.Path, Description(1e-3), 0, Noon);
        RunHistory.Record(folder.Path, Description(5e-4), 100, Noon);

        // A start at image 100 says nothing of the first 100.
        Assert.Empty(Changes(1e-3, 100));
        Assert.Equal(["optimizer.learning_rate: 0.001 0.0005"], Changes(5e-4, 100));
        Assert.Equal(["optimizer.learning_rate: 0.0005 0.001"], Changes(1e-3, 101));
        Assert.Empty(Changes(5e-4, 101));
        Assert.Equal(2, folder.Files.Count());
    }

    [Fact]
    public void A_run_that_goes_on_says_what_is_set_differently()
    {
        using var folder = new TempFolder();
        RunHistory.Record(folder.Path, Description(1e-3), 0, Noon);
        var begun = File.ReadAllText(folder.File("run.json"));

        // As before; with another step size and more; with that, but written otherwise; back again.
        RunHistory.Record(folder.Path, Description(1e-3), 100, Noon.AddHours(1));
        RunHistory.Record(folder.Path, new([.. Description(5e-4).Sections, new("averages", ("list", new JsonArray("a", "b")))]), 200, Noon.AddHours(2));
        RunHistory.Record(folder.Path, new([new("averages", ("list", new JsonArray("a", "b"))), .. Description(0.0005).Sections]), 300, Noon.AddHours(3));
        RunHistory.Record(folder.Path, Description(1e-3), 400, Noon.AddHours(4));

        Assert.Equal(begun, File.ReadAllText(folder.File("run.json")));
        Assert.Equal(
            """
            {"time":"2026-11-27T13:00:00Z","images":100,"changed":{}}
            {"time":"2026-11-27T14:00:00Z","images":200,"changed":{"averages.list":{"to":["a","b"]},"optimizer.learning_rate":{"from":0.001,"to":0.0005}}}
            {"time":"2026-11-27T15:00:00Z","images":300,"changed":{}}
            {"time":"2026-11-27T16:00:00Z","images":400,"changed":{"averages.list":{"from":["a","b"]},"optimizer.learning_rate":{"from":0.0005,"to":0.001}}}

            """,
            File.ReadAllText(folder.File("run-history.jsonl")));
    }

    [Fact]
    public void A_value_that_becomes_null_is_not_one_that_goes()
    {
        using var folder = new TempFolder();
        RunHistory.Record(folder.Path, new(new RunSection("a", ("x", 1), ("y", 1))), 0, Noon);
        RunHistory.Record(folder.Path, new(new RunSection("a", ("x", null))), 1, Noon);
        RunHistory.Record(folder.Path, new(new RunSection("a", ("x", null))), 2, Noon);
        var lines = File.ReadAllLines(folder.File("run-history.jsonl"));
        Assert.Contains("""{"a.x":{"from":1,"to":null},"a.y":{"from":1}}""", lines[0], StringComparison.Ordinal);
        Assert.Contains("""{}""", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_start_that_came_to_no_checkpoint_is_replaced()
    {
        using var folder = new TempFolder();
        RunHistory.Record(folder.Path, Description(1), 0, Noon);
        RunHistory.Record(folder.Path, Description(2), 5, Noon);
        RunHistory.Record(folder.Path, Description(3), 0, Noon);
        Assert.Equal(["run.json"], folder.Files.Select(Path.GetFileName));
        Assert.Contains("\"learning_rate\": 3", File.ReadAllText(folder.File("run.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_of_before_these_files_gets_one_where_it_goes_on()
    {
        using var folder = new TempFolder();
        RunHistory.Record(folder.Path, Description(1), 64_000, Noon);
        Assert.Contains("\"images\": 64000,", File.ReadAllText(folder.File("run.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_torn_by_a_kill_is_dropped()
    {
        using var folder = new TempFolder();
        RunHistory.Record(folder.Path, Description(1), 0, Noon);
        RunHistory.Record(folder.Path, Description(2), 1, Noon);
        File.AppendAllText(folder.File("run-history.jsonl"), """{"time":"2026-11-27T12:00:00Z","ima""");
        RunHistory.Record(folder.Path, Description(3), 2, Noon);
        var lines = File.ReadAllLines(folder.File("run-history.jsonl"));
        Assert.Equal(2, lines.Length);
        Assert.Contains("""{"from":2,"to":3}""", lines[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run.json", "[]", "")]
    [InlineData("run.json", "{\"format\": 2}", "found 2, expected 1")]
    [InlineData("run-history.jsonl", "{}\n", "line 1")]
    [InlineData("run-history.jsonl", "{\"changed\": []}\n", "line 1")]
    [InlineData("run-history.jsonl", "{\"changed\": {}}\nnonsense\n", "line 2")]
    [InlineData("run-history.jsonl", "{\"changed\": {\"a.b\": 3}}\n", "\"from\" and \"to\"")]
    public void A_damaged_file_is_named_and_left(string name, string text, string expected)
    {
        using var folder = new TempFolder();
        RunHistory.Record(folder.Path, Description(1), 0, Noon);
        File.WriteAllText(folder.File(name), text);
        var e = Assert.Throws<ConsistencyModelsException>(() => RunHistory.Record(folder.Path, Description(1), 1, Noon));
        Assert.StartsWith(folder.File(name), e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.Equal(text, File.ReadAllText(folder.File(name)));
    }

    [Fact]
    public void A_name_that_is_there_twice_is_a_mistake_of_the_caller()
    {
        using var folder = new TempFolder();
        foreach (var description in new RunDescription[]
        {
            new(new RunSection("a"), new RunSection("a")), new(new RunSection("a", ("x", 1), ("x", 2))), new(new RunSection("format")),
        })
        {
            Assert.Throws<ArgumentException>(() => RunHistory.Record(folder.Path, description, 0, Noon));
        }

        Assert.Empty(folder.Files);
    }

    [Fact]
    public void The_machine_is_described()
    {
        var section = RunDescription.Versions(("engine", "cpu"), ("threads", 2));
        Assert.Equal(["library", "runtime", "system", "architecture", "processors", "engine", "threads"], section.Entries.Select(entry => entry.Key));
        Assert.StartsWith("0.", (string)section.Entries[0].Value!, StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Number, section.Entries[^1].Value!.GetValueKind());
    }

    private static RunDescription Description(double rate) => new(
        new RunSection("objective", ("name", "ect"), ("p_mean", -1.1), ("limit", double.PositiveInfinity), ("metric", null)),
        new RunSection("network", ("config", JsonNode.Parse("""{"layers": [1, 2], "größe": 80.0}"""))),
        new RunSection("optimizer", ("learning_rate", rate), ("clip", false), ("images", 25_600_000_000)));
}
