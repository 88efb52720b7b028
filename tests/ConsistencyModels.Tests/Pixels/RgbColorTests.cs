using ConsistencyModels.Pixels;

namespace ConsistencyModels.Tests.Pixels;

public sealed class RgbColorTests
{
    [Theory]
    [InlineData("black", "#000000")]
    [InlineData("White", "#ffffff")]
    [InlineData("#FF8001", "#ff8001")]
    public void A_colour_is_read_and_written(string text, string hex)
    {
        Assert.True(RgbColor.TryParse(text, out var color));
        Assert.Equal(hex, color.Hex);
        Assert.True(RgbColor.TryParse(hex, out var again));
        Assert.Equal(color, again);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("#")]
    [InlineData("#fff")]
    [InlineData("#fffffff")]
    [InlineData("#ggffff")]
    [InlineData("# fffff")]
    [InlineData("#-fffff")]
    [InlineData("ffffff1")]
    [InlineData("red")]
    public void What_is_no_colour_is_not_read(string? text)
    {
        Assert.False(RgbColor.TryParse(text, out var color));
        Assert.Equal(RgbColor.Black, color);
    }
}
