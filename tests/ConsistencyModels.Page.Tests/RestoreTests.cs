using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace ConsistencyModels.Page.Tests;

public sealed class RestoreTests(Browser browser)
{
    [Fact]
    public async Task A_downloaded_picture_sets_everything_as_it_was()
    {
        byte[]? file = null;
        string? pixels = null;
        await browser.VisitAsync("draw", async visit =>
        {
            await visit.DrawnAsync(16);
            await visit.Chip("What", "altar").ClickAsync();
            await visit.Chip("Steps", "8").ClickAsync();
            await visit.Chip("Pictures", "9").ClickAsync();
            await visit.DrawAsync(9);
            pixels = await Visit.PixelsAsync(visit.Tiles.Nth(7));
            await visit.Tiles.Nth(7).ClickAsync();
            await Expect(visit.Viewer.Locator("code")).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("^cm generate (?!.*--count).*--steps 8"));
            file = await visit.DownloadAsync();
            await visit.ShotAsync("viewer");
        });

        // Whoever gets the file has the whole of it: another browser, nothing known of the first.
        await browser.VisitAsync("sketch", async visit =>
        {
            await visit.DrawnAsync(4);
            await visit.DropAsync("#settings", file!, "altar.png");
            await Expect(visit.Status).ToHaveTextAsync("Everything is set as it was.");
            await Expect(visit.Tab("Draw")).ToHaveAttributeAsync("aria-selected", "true");
            Assert.Equal(pixels, await Visit.PixelsAsync(visit.Tiles));
            await Expect(visit.Page.GetByLabel("altar", new() { Exact = true })).ToBeCheckedAsync();
            await Expect(visit.Page.GetByLabel("Steps, a number")).ToHaveValueAsync("8");
            await Expect(visit.Button("Lock the seed")).ToHaveAttributeAsync("aria-pressed", "true");
            await visit.ShotAsync("restored");
            await visit.DrawAsync(1);
            Assert.Equal(pixels, await Visit.PixelsAsync(visit.Tiles));
        });
    }

    [Fact]
    public Task Without_dropping() => browser.VisitAsync("draw", async visit =>
    {
        await visit.DrawnAsync(16);
        var pixels = await Visit.PixelsAsync(visit.Tiles.Nth(3));
        await visit.Tiles.Nth(3).ClickAsync();
        var file = await visit.DownloadAsync();
        await visit.Page.Keyboard.PressAsync("Escape");
        var chooser = await visit.Page.RunAndWaitForFileChooserAsync(() => visit.Button("Open a picture …").ClickAsync());
        await chooser.SetFilesAsync(new FilePayload { Name = "tile.png", MimeType = "image/png", Buffer = file });
        await Expect(visit.Status).ToHaveTextAsync("Everything is set as it was.");
        await visit.DrawAsync(1);
        Assert.Equal(pixels, await Visit.PixelsAsync(visit.Tiles));
    }, Look.Hand);

    [Fact]
    public async Task What_has_no_control_is_kept_and_said()
    {
        using var client = new HttpClient { BaseAddress = browser.Server.Address };
        using var answer = await client.PostAsJsonAsync("v1/generate", new Dictionary<string, object> { ["seed"] = 5, ["timesteps"] = new[] { 22, 0 } });
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        using var result = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        var file = result.RootElement.GetProperty("images")[0].GetProperty("data").GetBytesFromBase64();
        await browser.VisitAsync("draw", async visit =>
        {
            await visit.DrawnAsync(16);
            await visit.DropAsync("body", file, "extra.png");
            await visit.DrawnAsync(1);
            await Expect(visit.Page.GetByText("Also set: ")).ToContainTextAsync("timesteps 22,0");
            var pixels = await Visit.PixelsAsync(visit.Tiles);
            await visit.DrawAsync(1);
            Assert.Equal(pixels, await Visit.PixelsAsync(visit.Tiles));
            await visit.Button("Forget these").ClickAsync();
            await visit.DrawAsync(1);
            Assert.NotEqual(pixels, await Visit.PixelsAsync(visit.Tiles));
        });
    }

    [Fact]
    public Task An_edit_of_the_gallery_comes_back_with_its_picture_and_mask() => browser.VisitAsync("fill", async visit =>
    {
        await visit.DrawnAsync(4);
        await visit.DrawAsync(4);
        var pixels = (await visit.AllPixelsAsync())[2];
        await visit.ReloadAsync();
        await visit.DrawnAsync(4);
        await visit.Shelf.Nth(2).ClickAsync();
        await visit.In(visit.Viewer, "Set everything as it was").ClickAsync();
        await Expect(visit.Status).ToHaveTextAsync("Everything is set as it was.");
        await Expect(visit.Tiles).ToHaveCountAsync(1);
        Assert.Equal(pixels, await Visit.PixelsAsync(visit.Tiles));
        await visit.DrawAsync(4);
        Assert.Equal(pixels, (await visit.AllPixelsAsync())[0]);
    });

    [Fact]
    public async Task An_edits_file_says_that_its_picture_is_missing()
    {
        byte[]? file = null;
        await browser.VisitAsync("colour", async visit =>
        {
            await visit.DrawnAsync(4);
            await visit.Tiles.First.ClickAsync();
            file = await visit.DownloadAsync();
        });
        await browser.VisitAsync("draw", async visit =>
        {
            await visit.DrawnAsync(16);
            await visit.DropAsync("body", file!, "coloured.png");
            await Expect(visit.Status).ToHaveTextAsync("Everything is set as it was. The picture it was made from is not in the file: open it too.");
            await Expect(visit.Tab("Colour")).ToHaveAttributeAsync("aria-selected", "true");
        });
    }
}
