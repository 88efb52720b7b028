
namespace ConsistencyModels.Data.Tests;

public sealed class ClassMapTests
{
    [Theory]
    [InlineData("dngn/wall/brick.png", "wall")]
    [InlineData("dngn/wall", "wall")]
    [InlineData("dngn/wallpaper/a.png", "feature")]
    [InlineData("dngn/altars/a.png", "feature")]
    [InlineData("mon/orc.png", "monster")]
    [InlineData("mon/tentacles/a.png", null)]
    [InlineData("mon/tentacles/nice/a.png", "monster")]
    [InlineData("monkey/a.png", null)]
    [InlineData("effect/a/b/c.png", "effect")]
    [InlineData("old/effects/a.png", "effect")]
    [InlineData("a.png", null)]
    public void The_longest_prefix_decides(string path, string? expected)
    {
        ClassMap map = ClassMap.Parse("wall=dngn/wall, feature=dngn/, monster=mon:-mon/tentacles:mon/tentacles/nice, effect, effect=old/effects");
        Assert.Equal(["wall", "feature", "monster", "effect"], map.Names);
        Assert.Equal(expected is not null, map.TryGetLabel(path, out int label));
        Assert.Equal(expected, label < 0 ? null : map.Names[label]);
    }

    [Theory]
    [InlineData("", "a class without a name")]
    [InlineData("a,,b", "a class without a name")]
    [InlineData("=a", "a class without a name")]
    [InlineData("a=", "an empty folder")]
    [InlineData("a=b:", "an empty folder")]
    [InlineData("a=-", "an empty folder")]
    [InlineData("a=x,b=x", "the folder 'x' is given twice")]
    [InlineData("a=x:-x", "the folder 'x' is given twice")]
    public void Maps_that_make_no_sense_are_refused(string text, string part)
    {
        ConsistencyModelsException e = Assert.Throws<ConsistencyModelsException>(() => ClassMap.Parse(text));
        Assert.StartsWith($"Class map '{text}': ", e.Message);
        Assert.Contains(part, e.Message);
    }
}
