using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace ConsistencyModels.Page.Tests;

public sealed class ColourAndEnlargeTests(Browser browser)
{
    [Fact]
    public Task A_gray_picture_falls_on_the_page_and_gets_colours() => browser.VisitAsync("draw", async visit =>
    {
        await visit.DrawnAsync(16);
        await visit.DropAsync("body", Samples.Png(32, 32, gray: true), "gray.png");
        await Expect(visit.Tab("Colour")).ToHaveAttributeAsync("aria-selected", "true");
        await Expect(visit.Status).ToHaveTextAsync("A picture, 32 × 32 pixels.");
        var gray = Convert.FromBase64String(await Visit.PixelsAsync(visit.Panel.GetByAltText("The gray picture")));
        await visit.DrawAsync(4);
        await visit.ShotAsync("colour");
        foreach (var result in await visit.AllPixelsAsync())
        {
            var pixels = Convert.FromBase64String(result);
            Assert.Contains(Enumerable.Range(0, pixels.Length / 4), i => Math.Abs(pixels[i * 4] - pixels[(i * 4) + 2]) > 12);

            // Light and dark stay where they were.
            Assert.True(Light(pixels, inside: true) > Light(pixels, inside: false) + 60);
        }

        static double Light(byte[] pixels, bool inside) => Enumerable.Range(0, 32 * 32)
            .Where(i => inside == Math.Pow((i % 32) - 16, 2) + Math.Pow((i / 32) - 16, 2) < 100)
            .Average(i => (pixels[i * 4] + pixels[(i * 4) + 1] + pixels[(i * 4) + 2]) / 3.0);
    });

    [Fact]
    public Task Colours_of_a_picture_are_taken_away() => browser.VisitAsync("colour", async visit =>
    {
        await visit.DrawnAsync(4);
        await visit.DropAsync(".before:visible", Samples.Png(32, 32, gray: false), "colours.png");
        await Expect(visit.Panel.GetByText("Its own colours are not shown to the model.")).ToBeVisibleAsync();
        var pixels = Convert.FromBase64String(await Visit.PixelsAsync(visit.Panel.GetByAltText("The gray picture")));
        Assert.All(Enumerable.Range(0, pixels.Length / 4), i => Assert.Equal(pixels[i * 4], pixels[(i * 4) + 1]));
    });

    [Fact]
    public Task A_small_picture_becomes_a_large_one() => browser.VisitAsync("draw", async visit =>
    {
        await visit.DrawnAsync(16);
        await visit.DropAsync("body", Samples.Png(8, 8, gray: false), "small.png");
        await Expect(visit.Tab("Enlarge")).ToHaveAttributeAsync("aria-selected", "true");
        await Expect(visit.Panel.GetByText("8 × 8 pixels, to become 32 × 32.")).ToBeVisibleAsync();
        await visit.DrawAsync(4);
        Assert.Equal(32, await visit.Tiles.First.EvaluateAsync<int>("image => image.naturalWidth"));
        await visit.ShotAsync("enlarge");
        await visit.Chip("Enlarge", "2 ×").ClickAsync();
        await Expect(visit.Panel.GetByText("8 × 8 pixels, to become 16 × 16.")).ToBeVisibleAsync();
    });

    [Fact]
    public Task A_picture_of_the_models_size_is_enlarged_in_tiles() => browser.VisitAsync("enlarge", async visit =>
    {
        await visit.DrawnAsync(4);
        await visit.Chip("Enlarge what", "as it is").ClickAsync();
        await visit.Chip("Enlarge", "2 ×").ClickAsync();
        await Expect(visit.Panel.GetByText("32 × 32 pixels, to become 64 × 64.")).ToBeVisibleAsync();
        await visit.DrawAsync(1);
        Assert.Equal(64, await visit.Tiles.First.EvaluateAsync<int>("image => image.naturalWidth"));
    });

    [Fact]
    public Task What_is_no_picture_is_said() => browser.VisitAsync("draw", async visit =>
    {
        await visit.DrawnAsync(16);
        await visit.DropAsync("body", "no picture"u8.ToArray(), "notes.png");
        await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("This is not a picture that the browser can read.");
    });
}
