using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace ConsistencyModels.Page.Tests;

public sealed class FillTests(Browser browser)
{
    private const int Side = 32;

    [Fact]
    public Task What_is_painted_is_filled_and_the_rest_stays() => browser.VisitAsync("fill", async visit =>
    {
        await visit.DrawnAsync(4);
        await visit.Button("Clear").ClickAsync();
        await visit.StrokeAsync((0.25, 0.25), (0.75, 0.25), (0.75, 0.5), (0.25, 0.5));
        await visit.ShotAsync("fill-painted");
        var (painted, picture) = (await InkAsync(visit), await UnderAsync(visit));
        Assert.InRange(painted.Count(on => on), 60, 600);
        await visit.DrawAsync(4);
        await visit.ShotAsync("fill");
        var changed = new bool[Side * Side];
        foreach (var result in await visit.AllPixelsAsync())
        {
            var pixels = Convert.FromBase64String(result);
            for (var i = 0; i < Side * Side; i++)
            {
                changed[i] |= !pixels.AsSpan(i * 4, 3).SequenceEqual(picture.AsSpan(i * 4, 3));
            }
        }

        Assert.All(changed.Index(), pixel => Assert.True(painted[pixel.Index] || !pixel.Item, $"pixel {pixel.Index} was not painted and has changed"));
        Assert.True(changed.Where((_, i) => painted[i]).Count(is_ => is_) > painted.Count(on => on) / 2);
        await Expect(visit.Shelf).ToHaveCountAsync(4);
    });

    [Fact]
    public Task By_keys_alone() => browser.VisitAsync("fill", async visit =>
    {
        await visit.DrawnAsync(4);
        await visit.Button("Clear").ClickAsync();
        await visit.Panel.Locator(".ink").FocusAsync();
        foreach (var key in new[] { "[", "[", "ArrowLeft", "ArrowUp", " ", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown" })
        {
            await visit.Page.Keyboard.PressAsync(key);
        }

        var painted = (await InkAsync(visit)).Count(on => on);
        Assert.InRange(painted, 9, 40);
        await visit.ShotAsync("fill-keys");
        await visit.Page.Keyboard.PressAsync("Control+z");
        Assert.InRange((await InkAsync(visit)).Count(on => on), 1, painted - 1);
        await visit.Page.Keyboard.PressAsync("Control+Enter");
        await visit.DrawnAsync(4);
        await Expect(visit.Shelf).ToHaveCountAsync(4);
    });

    [Fact]
    public Task Erase_invert_and_undo() => browser.VisitAsync("fill", async visit =>
    {
        await visit.DrawnAsync(4);
        await visit.Button("Clear").ClickAsync();
        await Expect(visit.Button("Undo")).ToBeEnabledAsync();
        await visit.Button("Invert").ClickAsync();
        Assert.All(await InkAsync(visit), Assert.True);
        await visit.Button("Erase").ClickAsync();
        await visit.StrokeAsync((0.5, 0.5), (0.5, 0.6));
        Assert.Contains(await InkAsync(visit), on => !on);
        await visit.Button("Undo").ClickAsync();
        Assert.All(await InkAsync(visit), Assert.True);
    });

    [Fact]
    public Task Nothing_painted_is_said() => browser.VisitAsync("fill", async visit =>
    {
        await visit.DrawnAsync(4);
        await visit.Button("Clear").ClickAsync();
        await visit.Go.ClickAsync();
        await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("Nothing is painted: paint over the part to fill.");
    });

    [Fact]
    public Task A_finger_paints() => browser.VisitAsync("fill", async visit =>
    {
        await visit.DrawnAsync(4);
        await visit.Button("Clear").ClickAsync();
        await visit.Panel.Locator(".ink").TapAsync();
        Assert.Contains(await InkAsync(visit), on => on);
        await visit.DrawAsync(4);
        await visit.ShotAsync("fill-phone");
    }, Look.Hand);

    [Fact]
    public Task A_picture_of_another_size_comes_back_at_its_own() => browser.VisitAsync("fill", async visit =>
    {
        await visit.DrawnAsync(4);
        await visit.DropAsync(".before:visible", Samples.Png(96, 64, gray: false), "wide.png");
        await Expect(visit.Status).ToContainTextAsync("96 × 64");
        await visit.StrokeAsync((0.5, 0.4), (0.5, 0.6));
        await visit.DrawAsync(4);
        Assert.Equal("96x64", await visit.Tiles.First.EvaluateAsync<string>("image => `${image.naturalWidth}x${image.naturalHeight}`"));
        await visit.ShotAsync("fill-wide");
    });

    private static async Task<bool[]> InkAsync(Visit visit) => [.. (await CanvasAsync(visit, ".ink")).Where((_, i) => i % 4 == 3).Select(alpha => alpha > 127)];

    private static Task<byte[]> UnderAsync(Visit visit) => CanvasAsync(visit, ".under");

    private static async Task<byte[]> CanvasAsync(Visit visit, string selector) => Convert.FromBase64String(await visit.Panel.Locator(selector).EvaluateAsync<string>(
        "canvas => btoa(String.fromCharCode(...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data))"));
}
