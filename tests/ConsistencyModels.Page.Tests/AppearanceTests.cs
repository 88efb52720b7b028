using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace ConsistencyModels.Page.Tests;

/// <summary>On a phone, in the dark, through a screen reader.</summary>
public sealed class AppearanceTests(Browser browser)
{
    private static readonly (string Mode, int Pictures)[] Modes = [("draw", 16), ("compare", 12), ("walk", 0), ("fill", 4), ("colour", 4), ("enlarge", 4), ("sketch", 4)];

    public static TheoryData<string> Looks => ["desk", "dark", "hand", "hand-in-the-dark"];

    [Theory]
    [MemberData(nameof(Looks))]
    public Task Axe_finds_nothing_serious(string name) => browser.VisitAsync("draw", async visit =>
    {
        foreach (var (mode, pictures) in Modes)
        {
            await visit.Page.Locator($"#tab-{mode}").ClickAsync();
            await visit.DrawnAsync(pictures);
            await SoundAsync(visit, $"{name}, {mode}");
            await visit.ShotAsync($"{name}-{mode}");
        }

        await visit.Page.Locator("#tab-draw").ClickAsync();
        await visit.DrawAsync(16);
        await SoundAsync(visit, $"{name}, gallery");
        await visit.Tiles.First.ClickAsync();
        await Expect(visit.Viewer).ToBeVisibleAsync();
        await SoundAsync(visit, $"{name}, viewer");
        await visit.ShotAsync($"{name}-viewer");
    }, LookOf(name));

    [Fact]
    public Task A_phone_need_not_scroll_sideways_nor_search_for_the_button() => browser.VisitAsync("draw", async visit =>
    {
        foreach (var (mode, pictures) in Modes)
        {
            await visit.Page.Locator($"#tab-{mode}").ClickAsync();
            await visit.DrawnAsync(pictures);
            Assert.Equal(390, await visit.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
            await Expect(visit.Go).ToBeInViewportAsync(new() { Ratio = 1 });

            // What a finger presses is as large as one.
            var small = await visit.Page.EvaluateAsync<string[]>(
                """
                [...document.querySelectorAll('button, select, .chip, .swatch, [role=tab]')]
                  .filter(one => one.offsetWidth && !one.matches('.tile, .wordmark *') && (one.offsetHeight < 32 || one.offsetWidth < 28))
                  .map(one => `${one.textContent} ${one.offsetWidth}x${one.offsetHeight}`)
                """);
            Assert.Empty(small);
        }
    }, Look.Hand);

    [Fact]
    public Task Light_or_dark_is_as_one_likes() => browser.VisitAsync("draw", async visit =>
    {
        var theme = visit.Page.Locator("#theme");
        Task<string> GroundAsync() => visit.Page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor");
        var light = await GroundAsync();
        await Expect(theme).ToHaveAccessibleNameAsync("Theme: as the system");
        await theme.ClickAsync();
        await theme.ClickAsync();
        await Expect(theme).ToHaveAccessibleNameAsync("Theme: dark");
        var dark = await GroundAsync();
        Assert.NotEqual(light, dark);
        await visit.ReloadAsync();
        Assert.Equal(dark, await GroundAsync());
        await visit.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        await theme.ClickAsync();
        await Expect(theme).ToHaveAccessibleNameAsync("Theme: as the system");
        Assert.Equal(dark, await GroundAsync());
    });

    [Fact]
    public Task The_whole_page_by_keys() => browser.VisitAsync("draw", async visit =>
    {
        await visit.DrawnAsync(16);
        await visit.Page.Keyboard.PressAsync("Tab");
        await Expect(visit.Page.GetByText("Skip to the pictures")).ToBeFocusedAsync();
        await visit.Page.Keyboard.PressAsync("Enter");
        await visit.Page.Keyboard.PressAsync("Tab");
        await Expect(visit.Tab("Draw")).ToBeFocusedAsync();

        // The tabs are one stop; so are the pictures.
        await visit.Page.Keyboard.PressAsync("ArrowRight");
        await Expect(visit.Tab("Compare")).ToHaveAttributeAsync("aria-selected", "true");
        await visit.Page.Keyboard.PressAsync("Home");
        await Expect(visit.Tab("Draw")).ToBeFocusedAsync();
        await visit.Page.Keyboard.PressAsync("Tab");
        await Expect(visit.Page.Locator(".draw .tile").First).ToBeFocusedAsync();
        await visit.Page.Keyboard.PressAsync("ArrowDown");
        await Expect(visit.Page.Locator(".draw .tile").Nth(4)).ToBeFocusedAsync();
        await visit.Page.Keyboard.PressAsync("Tab");
        await Expect(visit.Page.GetByLabel("Look back")).ToBeFocusedAsync();
    });

    [Fact]
    public Task A_screen_reader_hears_what_happens() => browser.VisitAsync("draw", async visit =>
    {
        var live = visit.Page.Locator("#live");
        await Expect(live).ToHaveAttributeAsync("aria-live", "polite");
        await Expect(live).ToContainTextAsync("16 pictures in");
        await Expect(visit.Panel).ToHaveAccessibleNameAsync("Draw");
        await Expect(visit.Page.GetByRole(AriaRole.List, new() { Name = "Pictures" })).ToBeVisibleAsync();
        await visit.Tab("Fill").ClickAsync();
        await visit.DrawnAsync(4);
        var surface = visit.Page.GetByRole(AriaRole.Application);
        await surface.FocusAsync();
        await visit.Page.Keyboard.PressAsync("ArrowLeft");
        await Expect(live).ToHaveTextAsync("column 15, row 16");
    });

    private static Look LookOf(string name) => name switch
    {
        "dark" => Look.Dark,
        "hand" => Look.Hand,
        "hand-in-the-dark" => Look.HandInTheDark,
        _ => Look.Desk,
    };

    private static async Task SoundAsync(Visit visit, string where)
    {
        var result = await visit.Page.RunAxe(new AxeRunOptions { ResultTypes = [ResultType.Violations] });
        var serious = result.Violations.Where(violation => violation.Impact is "serious" or "critical").ToArray();
        Assert.True(serious.Length == 0, $"{where}: {string.Join("; ", serious.Select(v => $"{v.Id}: {v.Help} at {string.Join(", ", v.Nodes.Select(node => node.Html))}"))}");
    }
}
