using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace ConsistencyModels.Page.Tests;

public sealed class DrawTests(Browser browser)
{
    private const int First = 16;

    [Fact]
    public Task It_draws_before_anyone_asks() => browser.VisitAsync("", async visit =>
    {
        await visit.DrawnAsync(First);
        await Expect(visit.Status).ToContainTextAsync("16 pictures in");
        await Expect(visit.Page).ToHaveTitleAsync("Consistency Models");
        await Expect(visit.Tab("Draw")).ToHaveAttributeAsync("aria-selected", "true");

        // What nobody asked for is not kept.
        await Expect(visit.Shelf).ToHaveCountAsync(0);
        Assert.Equal(First, (await visit.AllPixelsAsync()).Distinct().Count());
        await visit.ShotAsync("draw");
    });

    [Fact]
    public Task Pictures_sharpen_and_one_can_look_back() => browser.VisitAsync("draw", async visit =>
    {
        await visit.DrawnAsync(First);
        var back = visit.Page.GetByLabel("Look back");
        await Expect(back).ToHaveAttributeAsync("max", "4");
        var sharp = await Visit.PixelsAsync(visit.Tiles.First);
        await back.FocusAsync();
        await back.PressAsync("Home");
        await Expect(back).ToHaveAttributeAsync("aria-valuetext", "step 1 of 4, from σ 80");
        Assert.NotEqual(sharp, await Visit.PixelsAsync(visit.Tiles.First));
        await visit.ShotAsync("draw-step-1");
        await back.PressAsync("End");
        Assert.Equal(sharp, await Visit.PixelsAsync(visit.Tiles.First));
    });

    [Fact]
    public Task Classes_steps_and_sampler_are_what_is_drawn() => browser.VisitAsync("draw", async visit =>
    {
        await visit.DrawnAsync(First);
        await visit.Chip("What", "book").ClickAsync();
        await visit.Chip("What", "gold").ClickAsync();
        await visit.Chip("Steps", "2").ClickAsync();
        await visit.Chip("Pictures", "4").ClickAsync();
        await visit.DrawAsync(4);
        var names = await Task.WhenAll((await visit.Tiles.AllAsync()).Select(tile => tile.GetAttributeAsync("alt")));
        Assert.All(names.Index(), name => Assert.StartsWith(name.Index % 2 == 0 ? "book, seed " : "gold, seed ", name.Item));
        Assert.All(names, name => Assert.EndsWith(", 2 steps", name));
        await visit.Page.GetByLabel("Sampler").SelectOptionAsync("onestep");
        await visit.Chip("What", "anything").ClickAsync();
        await visit.DrawAsync(4);
        await Expect(visit.Tiles.First).ToHaveAttributeAsync("alt", new System.Text.RegularExpressions.Regex(", 1 step$"));
    });

    [Fact]
    public Task A_locked_seed_draws_the_same_again() => browser.VisitAsync("draw", async visit =>
    {
        await visit.DrawnAsync(First);
        await visit.Chip("Pictures", "4").ClickAsync();
        await visit.Seed.FillAsync("18446744073709551614");
        await visit.Seed.PressAsync("Enter");
        await visit.DrawnAsync(4);
        await Expect(visit.Button("Lock the seed")).ToHaveAttributeAsync("aria-pressed", "true");

        // Past the last seed comes 0, and no digit is lost on the way.
        await Expect(visit.Tiles.Nth(1)).ToHaveAttributeAsync("alt", new System.Text.RegularExpressions.Regex("seed 18446744073709551615,"));
        await Expect(visit.Tiles.Nth(2)).ToHaveAttributeAsync("alt", new System.Text.RegularExpressions.Regex("seed 0,"));
        var first = await visit.AllPixelsAsync();
        await visit.DrawAsync(4);
        Assert.Equal(first, await visit.AllPixelsAsync());
        await visit.Button("Lock the seed").ClickAsync();
        await visit.DrawAsync(4);
        Assert.NotEqual(first, await visit.AllPixelsAsync());
    });

    [Fact]
    public Task A_wrong_seed_is_said_and_nothing_is_drawn() => browser.VisitAsync("draw", async visit =>
    {
        await visit.DrawnAsync(First);
        var before = await visit.AllPixelsAsync();
        await visit.Seed.FillAsync("18446744073709551616");
        await visit.Go.ClickAsync();
        Assert.Equal("A seed is a whole number from 0 to 18446744073709551615.", await visit.Seed.EvaluateAsync<string>("input => input.validationMessage"));
        Assert.Equal(before, await visit.AllPixelsAsync());
    });

    [Fact]
    public Task What_the_server_refuses_is_said_in_its_words() => browser.VisitAsync("draw", async visit =>
    {
        await visit.DrawnAsync(First);
        await visit.Page.GetByLabel("Steps, a number").FillAsync("41");
        await visit.Page.GetByLabel("Steps, a number").PressAsync("Tab");
        await visit.Go.ClickAsync();
        await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("steps");

        // What was there is there still.
        await Expect(visit.Tiles).ToHaveCountAsync(First);
        await visit.ShotAsync("draw-refused");
    }, forgiven: ["400"]);

    [Fact]
    public Task The_lines_are_those_of_this_server() => browser.VisitAsync("draw", async visit =>
    {
        await visit.DrawnAsync(First);
        var lines = visit.Panel.GetByRole(AriaRole.Region, new() { Name = "The same from elsewhere" });
        await Expect(lines.Locator("code")).ToContainTextAsync("cm generate");
        await lines.GetByRole(AriaRole.Tab, new() { Name = "curl" }).ClickAsync();
        await Expect(lines.Locator("code")).ToContainTextAsync($"curl {browser.Server.Address}v1/generate");
        await visit.Page.Keyboard.PressAsync("ArrowRight");
        await Expect(lines.Locator("code")).ToContainTextAsync("DiffusionPipeline.FromPretrained(");
        await visit.Page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await lines.GetByRole(AriaRole.Button, new() { Name = "Copy" }).ClickAsync();
        await Expect(lines.GetByRole(AriaRole.Button, new() { Name = "Copied" })).ToBeVisibleAsync();
        Assert.Equal(await lines.Locator("code").TextContentAsync(), await visit.Page.EvaluateAsync<string>("navigator.clipboard.readText()"));
    });

    [Fact]
    public Task Larger_than_the_model() => browser.VisitAsync("draw", async visit =>
    {
        await visit.DrawnAsync(First);
        await visit.Chip("Size", "64 × 64").ClickAsync();
        await visit.Chip("Pictures", "1").ClickAsync();
        await visit.Chip("What", "wall").ClickAsync();
        await visit.DrawAsync(1);
        Assert.Equal(64, await visit.Tiles.First.EvaluateAsync<int>("image => image.naturalWidth"));
        await visit.ShotAsync("draw-large");
    });
}
