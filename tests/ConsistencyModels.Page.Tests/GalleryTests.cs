using static Microsoft.Playwright.Assertions;

namespace ConsistencyModels.Page.Tests;

public sealed class GalleryTests(Browser browser)
{
    [Fact]
    public Task It_stays() => browser.VisitAsync("draw", async visit =>
    {
        await FillAsync(visit);
        var names = await NamesAsync(visit);
        await visit.ReloadAsync();
        await Expect(visit.Shelf).ToHaveCountAsync(4);
        Assert.Equal(names, await NamesAsync(visit));

        // With all that is known of a picture: its line is there, too.
        await visit.Shelf.First.ClickAsync();
        await Expect(visit.Viewer.Locator("code")).ToContainTextAsync("cm generate");
        await visit.ShotAsync("gallery-viewer");
    });

    [Fact]
    public Task Stars_and_removals_can_be_undone() => browser.VisitAsync("draw", async visit =>
    {
        await FillAsync(visit);
        await visit.Shelf.Nth(1).ClickAsync();
        await visit.In(visit.Viewer, "Star").ClickAsync();
        await Expect(visit.In(visit.Viewer, "Starred")).ToHaveAttributeAsync("aria-pressed", "true");
        await visit.Page.Keyboard.PressAsync("Escape");
        await visit.Button("Remove all but starred").ClickAsync();
        await Expect(visit.Shelf).ToHaveCountAsync(1);
        await Expect(visit.Shelf.Locator("img")).ToHaveAttributeAsync("alt", new System.Text.RegularExpressions.Regex(", starred$"));
        await visit.Button("Bring back").ClickAsync();
        await Expect(visit.Shelf).ToHaveCountAsync(4);
        await visit.Button("Starred").ClickAsync();
        await Expect(visit.Shelf).ToHaveCountAsync(1);
        await visit.ReloadAsync();
        await Expect(visit.Shelf).ToHaveCountAsync(4);
        await Expect(visit.Page.Locator("#gallery .starred")).ToHaveCountAsync(1);
    });

    [Fact]
    public Task By_keys_alone() => browser.VisitAsync("draw", async visit =>
    {
        await FillAsync(visit);
        await visit.Shelf.First.FocusAsync();
        await visit.Page.Keyboard.PressAsync("ArrowRight");
        await Expect(visit.Shelf.Nth(1)).ToBeFocusedAsync();
        await visit.Page.Keyboard.PressAsync("Delete");
        await Expect(visit.Shelf).ToHaveCountAsync(3);

        // The focus stays where the eye is.
        await Expect(visit.Shelf.Nth(1)).ToBeFocusedAsync();
        await visit.Page.Keyboard.PressAsync("Enter");
        await Expect(visit.Viewer).ToBeVisibleAsync();
        var title = visit.Viewer.Locator("dd").First;
        var second = await title.TextContentAsync();
        await visit.Page.Keyboard.PressAsync("ArrowRight");
        await Expect(title).Not.ToHaveTextAsync(second!);
        await visit.Page.Keyboard.PressAsync("ArrowLeft");
        await Expect(title).ToHaveTextAsync(second!);
        await visit.Page.Keyboard.PressAsync("Escape");
        await Expect(visit.Viewer).ToHaveCountAsync(0);
        await Expect(visit.Shelf.Nth(1)).ToBeFocusedAsync();
    });

    [Fact]
    public Task More_like_one() => browser.VisitAsync("draw", async visit =>
    {
        await FillAsync(visit);
        await visit.Tiles.First.ClickAsync();
        await visit.In(visit.Viewer, "More like this").ClickAsync();
        await visit.DrawnAsync(4);
        await Expect(visit.Tiles.First).ToHaveAttributeAsync("alt", new System.Text.RegularExpressions.Regex("^book, variations, "));
        await Expect(visit.Shelf).ToHaveCountAsync(8);
    });

    private static async Task FillAsync(Visit visit)
    {
        await visit.DrawnAsync(16);
        await visit.Chip("Pictures", "4").ClickAsync();
        await visit.Chip("What", "book").ClickAsync();
        await visit.DrawAsync(4);
        await Expect(visit.Shelf).ToHaveCountAsync(4);
    }

    private static async Task<string?[]> NamesAsync(Visit visit) =>
        await Task.WhenAll((await visit.Shelf.Locator("img").AllAsync()).Select(image => image.GetAttributeAsync("alt")));
}
