
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
    [InlineData("item/potion/red.png", "potion")]
    [InlineData("item/potion/i-blue.png", null)]
    [InlineData("item/potion/i-real.png", "potion")]
    [InlineData("item/potion/i-xyz.png", "sign")]
    [InlineData("item/potion/i-things/red.png", null)]
    [InlineData("item/potion/old/i-red.png", "potion")]
    [InlineData("item/potion/I-red.png", "potion")]
    [InlineData("a1.png", "first")]
    [InlineData("a12.png", null)]
    [InlineData("b/a1.png", null)]
    [InlineData("item/scroll/a\\b.png", "scroll")]
    public void A_pattern_of_names_takes_part(string path, string? expected)
    {
        ClassMap map = ClassMap.Parse("potion=item/potion:-item/potion/i-*:item/potion/i-real.png,sign=item/potion/i-???.png,first=a?.png,scroll=item/scroll:-item/scroll/(*)");
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
    [InlineData("a=x/i-*:-x/i-*", "the folder 'x/i-*' is given twice")]
    [InlineData("a=x/*/y", "'x/*/y' has a pattern in the name of a folder above others")]
    public void Maps_that_make_no_sense_are_refused(string text, string part)
    {
        ConsistencyModelsException e = Assert.Throws<ConsistencyModelsException>(() => ClassMap.Parse(text));
        Assert.StartsWith("Class map", e.Message);
        Assert.Contains(part, e.Message);
    }

    [Fact]
    public void What_one_class_leaves_out_another_may_take_in_either_order()
    {
        foreach (string text in (string[])["weapon=item/weapon:-item/weapon/ranged:-item/i-*,bow=item/weapon/ranged:item/i-*", "bow=item/weapon/ranged:item/i-*,weapon=item/weapon:-item/weapon/ranged:-item/i-*"])
        {
            ClassMap map = ClassMap.Parse(text);
            Assert.True(map.TryGetLabel("item/weapon/ranged/a.png", out int label));
            Assert.Equal("bow", map.Names[label]);
            Assert.True(map.TryGetLabel("item/i-a.png", out label));
            Assert.Equal("bow", map.Names[label]);
            Assert.True(map.TryGetLabel("item/weapon/a.png", out label));
            Assert.Equal("weapon", map.Names[label]);
        }

        Assert.False(ClassMap.Parse("a=x:-x/y,b=z:-x/y").TryGetLabel("x/y/1.png", out _));
    }

    [Fact]
    public void A_message_about_a_map_shows_the_class_and_not_the_whole_map()
    {
        ConsistencyModelsException e = Assert.Throws<ConsistencyModelsException>(() => ClassMap.Parse("first=a:b:c,second=d:,third=e"));
        Assert.Equal("Class map 'second=d:': an empty folder; expected name=folder:folder:-folder.", e.Message);
    }
}
