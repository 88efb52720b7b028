using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace ConsistencyModels.Page.Tests;

/// <summary>A person at the page: finds things by what they are called, and waits for what comes of it.</summary>
internal sealed class Visit(IPage page)
{
    public IPage Page => page;

    /// <summary>The mode that is shown.</summary>
    public ILocator Panel => page.Locator("[role=tabpanel]:visible").First;

    /// <summary>Finished pictures of the mode that is shown.</summary>
    public ILocator Tiles => Panel.Locator(".tiles .tile:enabled img");

    /// <summary>What the mode says it has done.</summary>
    public ILocator Status => page.Locator(".status");

    /// <summary>The gallery's pictures.</summary>
    public ILocator Shelf => page.Locator("#gallery .tile");

    /// <summary>The picture that is looked at.</summary>
    public ILocator Viewer => page.GetByRole(AriaRole.Dialog);

    public ILocator Button(string name) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    public ILocator In(ILocator place, string name) => place.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    public ILocator Tab(string name) => page.GetByRole(AriaRole.Tab, new() { Name = name, Exact = true });

    /// <summary>The button that draws, whatever it is called in the mode.</summary>
    public ILocator Go => page.Locator("button.go");

    /// <summary>A chip of the settings, by its text.</summary>
    public ILocator Chip(string group, string text) =>
        page.GetByRole(AriaRole.Group, new() { Name = group, Exact = true }).Locator("label", new() { HasTextString = text }).First;

    public ILocator Seed => page.GetByLabel("Seed", new() { Exact = true });

    /// <summary>Waits until nothing is under way and there are so many pictures.</summary>
    public async Task DrawnAsync(int pictures)
    {
        await Expect(page.Locator("[role=tabpanel][aria-busy]")).ToHaveCountAsync(0);
        await Expect(page.Locator(".alert")).ToHaveTextAsync("");
        await Expect(Tiles).ToHaveCountAsync(pictures);
    }

    /// <summary>Presses the button that draws, and waits.</summary>
    public async Task DrawAsync(int pictures)
    {
        await Go.ClickAsync();
        await DrawnAsync(pictures);
    }

    /// <summary>Loads the page again, as someone does who has seen that their pictures are kept.</summary>
    public async Task ReloadAsync()
    {
        await Expect(page.Locator("#gallery [aria-busy]")).ToHaveCountAsync(0);
        await page.ReloadAsync();
    }

    /// <summary>The pixels of an image element, as base64 of RGBA.</summary>
    public static Task<string> PixelsAsync(ILocator image) => image.EvaluateAsync<string>(
        """
        async image => {
          await image.decode();
          const canvas = Object.assign(document.createElement('canvas'), { width: image.naturalWidth, height: image.naturalHeight });
          const context = canvas.getContext('2d');
          context.drawImage(image, 0, 0);
          return btoa(String.fromCharCode(...context.getImageData(0, 0, canvas.width, canvas.height).data));
        }
        """);

    /// <summary>The pixels of all of them.</summary>
    public async Task<string[]> AllPixelsAsync() => await Task.WhenAll((await Tiles.AllAsync()).Select(PixelsAsync));

    /// <summary>Lets a file fall on something.</summary>
    public async Task DropAsync(string selector, byte[] file, string name, string type = "image/png")
    {
        var transfer = await page.EvaluateHandleAsync(
            """
            ([bytes, name, type]) => {
              const transfer = new DataTransfer();
              transfer.items.add(new File([Uint8Array.from(atob(bytes), c => c.charCodeAt(0))], name, { type }));
              return transfer;
            }
            """,
            new[] { Convert.ToBase64String(file), name, type });
        foreach (var happening in new[] { "dragenter", "dragover", "drop" })
        {
            await page.DispatchEventAsync(selector, happening, new { dataTransfer = transfer });
        }
    }

    /// <summary>Opens a picture of the stage or the gallery and downloads it.</summary>
    public async Task<byte[]> DownloadAsync()
    {
        var download = await page.RunAndWaitForDownloadAsync(() => In(Viewer, "Download").ClickAsync());
        await using var stream = await download.CreateReadStreamAsync();
        using var bytes = new MemoryStream();
        await stream.CopyToAsync(bytes);
        return bytes.ToArray();
    }

    /// <summary>Draws with the mouse on a painting surface; places are parts of its width and height.</summary>
    public async Task StrokeAsync(params (double X, double Y)[] places)
    {
        var surface = Panel.Locator(".ink");
        await surface.ScrollIntoViewIfNeededAsync();
        var box = (await surface.BoundingBoxAsync())!;
        for (var i = 0; i < places.Length; i++)
        {
            await page.Mouse.MoveAsync((float)(box.X + (places[i].X * box.Width)), (float)(box.Y + (places[i].Y * box.Height)), new() { Steps = i == 0 ? 1 : 5 });
            if (i == 0)
            {
                await page.Mouse.DownAsync();
            }
        }

        await page.Mouse.UpAsync();
    }

    /// <summary>Leaves a picture of the page with the test's results.</summary>
    public Task ShotAsync(string name) => page.ScreenshotAsync(new() { Path = Path.Combine(Browser.Shots, $"{name}.png"), FullPage = false });
}
