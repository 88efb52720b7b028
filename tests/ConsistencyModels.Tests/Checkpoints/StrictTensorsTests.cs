using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;

namespace ConsistencyModels.Tests.Checkpoints;

public sealed class StrictTensorsTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public void The_right_tensors_pass_also_under_other_names()
    {
        using var file = Open(("a", [2]), ("old", [3, 1]));
        var stored = StrictTensors.Check(file, [("a", [2]), ("new", [3, 1])], new Dictionary<string, string> { ["old"] = "new", ["unused"] = "a" });
        Assert.Equal("a", stored["a"]);
        Assert.Equal("old", stored["new"]);
        Assert.Equal(2, stored.Count);
    }

    [Fact]
    public void Everything_wrong_is_in_one_message()
    {
        using var file = Open(("a", [2]), ("x", [1]), ("y", []));
        var error = Assert.Throws<CheckpointException>(() => StrictTensors.Check(file, [("a", [1, 2]), ("b", [1]), ("c", [1])]));
        Assert.Equal(
            $"{file.Origin}: the tensors are not those of the network (3 expected, 3 found): "
            + "2 missing: 'b', 'c'; 2 unexpected: 'x', 'y'; 1 of another shape: 'a' is [2], expected [1, 2]",
            error.Message);
    }

    [Fact]
    public void What_belongs_to_something_else_is_passed_over_and_nothing_more()
    {
        using var file = Open(("a", [2]), ("other.x", [1]), ("y", []));
        var error = Assert.Throws<CheckpointException>(() => StrictTensors.Check(file, [("a", [2]), ("other.b", [1])], isOther: name => name.StartsWith("other.", StringComparison.Ordinal)));
        Assert.EndsWith("(2 expected, 3 found): 1 missing: 'other.b'; 1 unexpected: 'y'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Long_lists_are_cut_after_ten()
    {
        using var file = Open(("a", [1]));
        var expected = Enumerable.Range(0, 13).Select(i => ($"p{i:00}", (IReadOnlyList<long>)[1])).Append(("a", [1]));
        var error = Assert.Throws<CheckpointException>(() => StrictTensors.Check(file, expected));
        Assert.EndsWith("13 missing: 'p00', 'p01', 'p02', 'p03', 'p04', 'p05', 'p06', 'p07', 'p08', 'p09' and 3 more", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(1f)]
    public void A_tensor_under_both_names_must_be_the_same(float other)
    {
        var path = _folder.File("x.safetensors");
        SafetensorsWriter.Write(path, [TensorToWrite.FromFloats("new", [1], new[] { 0f }), TensorToWrite.FromFloats("old", [1], new[] { other })]);
        using var file = SafetensorsFile.Open(path);
        IReadOnlyDictionary<string, string> Check() => StrictTensors.Check(file, [("new", [1])], new Dictionary<string, string> { ["old"] = "new" });
        if (other == 0)
        {
            Assert.Equal(["new"], Check().Keys);
        }
        else
        {
            Assert.EndsWith("1 stored twice, differently: 'new' as 'new' and 'old'", Assert.Throws<CheckpointException>(Check).Message, StringComparison.Ordinal);
        }
    }

    public void Dispose() => _folder.Dispose();

    private SafetensorsFile Open(params (string Name, long[] Shape)[] tensors)
    {
        var path = _folder.File("x.safetensors");
        SafetensorsWriter.Write(path, tensors.Select(t => TensorToWrite.FromFloats(t.Name, t.Shape, new float[t.Shape.Aggregate(1L, (a, b) => a * b)])));
        return SafetensorsFile.Open(path);
    }
}
