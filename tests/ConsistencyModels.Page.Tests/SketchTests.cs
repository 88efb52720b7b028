using static Microsoft.Playwright.Assertions;

namespace ConsistencyModels.Page.Tests;

public sealed class SketchTests(Browser browser)
{
    [Fact]
    public Task Each_stroke_is_drawn_anew() => browser.VisitAsync("sketch", async visit =>
    {
        await visit.DrawnAsync(4);
        var before = await visit.AllPixelsAsync();
        await visit.Panel.GetByTitle("red", new() { Exact = true }).ClickAsync();
        await visit.StrokeAsync((0.2, 0.15), (0.8, 0.15), (0.8, 0.3), (0.2, 0.3));
        await ChangedAsync(visit, before);
        await visit.ShotAsync("sketch");

        // Back with the sketch comes the same picture: it is the same noise all the while.
        var after = await visit.AllPixelsAsync();
        await visit.Button("Undo").ClickAsync();
        await ChangedAsync(visit, after);
        Assert.Equal(before, await visit.AllPixelsAsync());

        // Only what is asked for is kept.
        await Expect(visit.Shelf).ToHaveCountAsync(0);
        await visit.DrawAsync(4);
        await Expect(visit.Shelf).ToHaveCountAsync(4);
    });

    [Fact]
    public Task By_keys_alone_and_without_live() => browser.VisitAsync("sketch", async visit =>
    {
        await visit.DrawnAsync(4);
        var before = await visit.AllPixelsAsync();
        await visit.Button("Live").ClickAsync();
        await visit.Panel.GetByLabel("blue", new() { Exact = true }).FocusAsync();
        await visit.Page.Keyboard.PressAsync("Space");
        await visit.Panel.Locator(".ink").FocusAsync();
        await visit.Page.Keyboard.PressAsync("Space");
        await Expect(visit.Button("Undo")).ToBeEnabledAsync();
        Assert.Equal(before, await visit.AllPixelsAsync());
        await visit.Page.Keyboard.PressAsync("Control+Enter");
        await ChangedAsync(visit, before);
    });

    [Fact]
    public Task Freedom_and_class_count() => browser.VisitAsync("sketch", async visit =>
    {
        await visit.DrawnAsync(4);
        await visit.Chip("What", "gold").ClickAsync();
        var freedom = visit.Page.GetByLabel("Freedom");
        await freedom.FocusAsync();
        await freedom.PressAsync("Home");
        await Expect(freedom).ToHaveAttributeAsync("aria-valuetext", "σ 0.1");
        await visit.DrawAsync(4);
        var bound = await DistanceAsync(visit);
        await freedom.PressAsync("End");
        await visit.DrawAsync(4);

        // With next to no noise the sketch comes back nearly as it is.
        Assert.InRange(bound, 0, (await DistanceAsync(visit)) / 2);
        await Expect(visit.Tiles.First).ToHaveAttributeAsync("alt", new System.Text.RegularExpressions.Regex("^gold, stroke, "));
    });

    private static async Task<double> DistanceAsync(Visit visit)
    {
        var sketch = Convert.FromBase64String(await visit.Panel.Locator(".ink").EvaluateAsync<string>(
            "canvas => btoa(String.fromCharCode(...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data))"));
        var results = await visit.AllPixelsAsync();
        return results.Average(result => sketch.Zip(Convert.FromBase64String(result), (a, b) => Math.Abs(a - b)).Average());
    }

    private static async Task ChangedAsync(Visit visit, string[] before)
    {
        await visit.Page.WaitForFunctionAsync(
            """
            ([before]) => {
              const image = [...document.querySelectorAll('.sketch .tiles .tile:enabled img')][0];
              if (!image?.complete || !image.naturalWidth || document.querySelector('[role=tabpanel][aria-busy]')) return false;
              const canvas = Object.assign(document.createElement('canvas'), { width: image.naturalWidth, height: image.naturalHeight });
              const context = canvas.getContext('2d');
              context.drawImage(image, 0, 0);
              return btoa(String.fromCharCode(...context.getImageData(0, 0, canvas.width, canvas.height).data)) !== before;
            }
            """,
            new[] { before[0] });
        await visit.DrawnAsync(before.Length);
    }
}
