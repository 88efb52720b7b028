using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace ConsistencyModels.Page.Tests;

public sealed class WalkAndCompareTests(Browser browser)
{
    [Fact]
    public Task The_slider_walks_without_asking_the_server() => browser.VisitAsync("walk", async visit =>
    {
        var (slider, view) = await WalkAsync(visit);
        await Expect(slider).ToHaveAttributeAsync("max", "32");
        var asked = 0;
        visit.Page.Request += (_, request) => asked += request.Url.Contains("/v1/", StringComparison.Ordinal) ? 1 : 0;
        var box = (await slider.BoundingBoxAsync())!;
        await visit.Page.Mouse.MoveAsync(box.X + (box.Width / 2), box.Y + (box.Height / 2));
        await visit.Page.Mouse.DownAsync();
        HashSet<string> seen = [];
        for (var i = 0; i <= 8; i++)
        {
            await visit.Page.Mouse.MoveAsync(box.X + (box.Width * i / 8), box.Y + (box.Height / 2));
            seen.Add(await Visit.PixelsAsync(view));
        }

        await visit.Page.Mouse.UpAsync();
        Assert.True(seen.Count >= 6);
        Assert.Equal(0, asked);
        await visit.ShotAsync("walk");

        // Its ends are the pictures of its ends.
        await slider.PressAsync("Home");
        await Expect(slider).ToHaveAttributeAsync("aria-valuetext", "0 %");
        Assert.Equal(await Visit.PixelsAsync(visit.Panel.GetByAltText("This end")), await Visit.PixelsAsync(view));
        await slider.PressAsync("End");
        await Expect(slider).ToHaveAttributeAsync("aria-valuetext", "100 %");
        Assert.Equal(await Visit.PixelsAsync(visit.Panel.GetByAltText("The other end")), await Visit.PixelsAsync(view));
    });

    [Fact]
    public Task It_plays_and_stops() => browser.VisitAsync("walk", async visit =>
    {
        var (slider, _) = await WalkAsync(visit);
        var at = await slider.InputValueAsync();
        await visit.Button("Play").ClickAsync();
        await Expect(slider).Not.ToHaveValueAsync(at);
        await visit.Button("Pause").ClickAsync();
        await Expect(visit.Button("Play")).ToHaveAttributeAsync("aria-pressed", "false");
    });

    [Fact]
    public Task Between_two_pictures_of_ones_own() => browser.VisitAsync("draw", async visit =>
    {
        await visit.DrawnAsync(16);
        foreach (var (i, name) in new[] { (0, "Walk from here"), (1, "Walk to here") })
        {
            await visit.Tab("Draw").ClickAsync();
            await visit.Tiles.Nth(i).ClickAsync();
            await visit.In(visit.Viewer, name).ClickAsync();
            await Expect(visit.Page.Locator("[role=tabpanel][aria-busy]")).ToHaveCountAsync(0);
            await Expect(visit.Status).ToContainTextAsync("33 pictures on the way");
        }

        await Expect(visit.Panel.Locator("code")).ToContainTextAsync("cm edit interpolate image.png to.png");
        var (from, to) = (visit.Panel.GetByAltText("This end"), visit.Panel.GetByAltText("The other end"));
        Assert.NotEqual(await Visit.PixelsAsync(from), await Visit.PixelsAsync(to));
    });

    [Fact]
    public Task The_same_noise_in_more_steps() => browser.VisitAsync("compare", async visit =>
    {
        await visit.DrawnAsync(12);
        await visit.ShotAsync("compare");
        await visit.Chip("What", "statue").ClickAsync();
        await visit.DrawAsync(12);
        var names = await Task.WhenAll((await visit.Tiles.AllAsync()).Select(tile => tile.GetAttributeAsync("alt")));
        for (var column = 0; column < 4; column++)
        {
            var seed = names[column]!.Split(", ")[1];
            Assert.Equal($"statue, {seed}, 1 step", names[column]);
            Assert.Equal($"statue, {seed}, 2 steps", names[4 + column]);
            Assert.Equal($"statue, {seed}, 4 steps", names[8 + column]);
        }

        Assert.Equal(12, (await visit.AllPixelsAsync()).Distinct().Count());
        await Expect(visit.Panel.GetByText("4 network calls")).ToBeVisibleAsync();
    });

    private static async Task<(ILocator Slider, ILocator View)> WalkAsync(Visit visit)
    {
        await Expect(visit.Status).ToContainTextAsync("33 pictures on the way");
        return (visit.Page.GetByLabel("How far", new() { Exact = true }), visit.Panel.Locator(".view"));
    }
}
