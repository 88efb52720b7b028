using ConsistencyModels.Editing;
using ConsistencyModels.Models;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Tests.Editing;

public sealed class FillMaskTests
{
    [Fact]
    public void White_is_filled_black_is_kept_and_nearly_so_is_so()
    {
        var mask = FillMask.FromImage(new ImageBuffer(6, 1, 1, [0, 7, 100, 200, 248, 255]));
        Assert.Equal([0, 0, 100, 200, 255, 255], mask.ToImage().Pixels);
        Assert.Equal([true, true, false, false, false, false], Enumerable.Range(0, 6).Select(x => mask.Known.IsKnown(0, 0, x)));
        Assert.Equal((100 + 200 + 255 + 255) / (6 * 255.0), mask.Share, 12);
        Assert.True(mask.IsSoft);
        Assert.Equal([255, 255, 155, 55, 0, 0], mask.Inverted().ToImage().Pixels);
    }

    [Fact]
    public void A_mask_of_the_values_0_and_1_fills_nothing() => Assert.Equal(0, FillMask.FromImage(new ImageBuffer(2, 1, 1, [0, 1])).Share);

    [Theory]
    [InlineData(0)]
    [InlineData(255)]
    [InlineData(90)]
    public void On_a_layer_of_one_colour_what_is_painted_is_filled(byte value)
    {
        var mask = FillMask.FromImage(new ImageBuffer(3, 1, 4, [value, value, value, 255, 0, 0, 0, 0, value, value, value, 128]));
        Assert.Equal([255, 0, 128], mask.ToImage().Pixels);
    }

    [Fact]
    public void A_layer_in_black_and_white_can_be_read_in_two_ways() => Assert.Contains(
        "transparent parts", Assert.Throws<ConsistencyModelsException>(() => FillMask.FromImage(new ImageBuffer(3, 1, 4, [0, 0, 0, 255, 255, 255, 255, 255, 0, 0, 0, 0]))).Message, StringComparison.Ordinal);

    [Fact]
    public void Transparent_parts_of_a_picture_are_filled() =>
        Assert.Equal([255, 0, 0], FillMask.FromAlpha(new ImageBuffer(3, 1, 4, [1, 2, 3, 0, 4, 5, 6, 255, 7, 8, 9, 128])).ToImage().Pixels);

    [Fact]
    public void A_composite_mixes_by_the_share()
    {
        var mask = new FillMask(new ImageBuffer(3, 1, 1, [0, 51, 255]));
        var mixed = mask.Compose(new ImageBuffer(3, 1, 3, [10, 10, 10, 100, 100, 100, 10, 10, 10]), new ImageBuffer(3, 1, 3, [90, 90, 90, 200, 0, 100, 90, 91, 92]));
        Assert.Equal([10, 10, 10, 120, 80, 100, 90, 91, 92], mixed.Pixels);
        Assert.Throws<ArgumentException>(() => mask.Compose(new ImageBuffer(3, 1, 1), new ImageBuffer(3, 1, 3)));
        Assert.Throws<ArgumentException>(() => new FillMask(new ImageBuffer(3, 1, 3)));
    }

    [Fact]
    public void Levels_of_edits_grow_with_the_side_of_the_images()
    {
        Assert.Equal(new EditDefaults(1, 0.5), EditDefaults.Of(new(32, 32)));
        Assert.Equal(new EditDefaults(8, 4), EditDefaults.Of(new(256, 300)));
        Assert.Equal(new EditDefaults(2.5, 1.5), Model("""{"stroke_sigma": 2.5, "variation_sigma": 1.5}""").EditDefaults);
        foreach (var bad in (string[])["3", "{}", """{"stroke_sigma": 2.5}""", """{"stroke_sigma": -1, "variation_sigma": 1}""", """{"stroke_sigma": "a", "variation_sigma": 1}"""])
        {
            Assert.Contains("_edit_defaults", Assert.ThrowsAny<ConsistencyModelsException>(() => Model(bad)).Message, StringComparison.Ordinal);
        }
    }

    private static ModelIndex Model(string defaults)
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["model_index.json"], $$"""
            {"_class_name": "ConsistencyModelPipeline", "unet": ["diffusers", "UNet2DModel"], "scheduler": ["diffusers", "CMStochasticIterativeScheduler"], "_edit_defaults": {{defaults}}}
            """);
        var index = ModelIndex.Load(folder["model_index.json"]);

        // And back.
        File.WriteAllText(folder["model_index.json"], index.ToJson());
        Assert.Equal(index.EditDefaults, ModelIndex.Load(folder["model_index.json"]).EditDefaults);
        return index;
    }
}
