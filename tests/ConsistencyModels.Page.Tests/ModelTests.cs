using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace ConsistencyModels.Page.Tests;

/// <summary>Models of other kinds: the server's list is changed on its way to the page.</summary>
public sealed class ModelTests(Browser browser)
{
    [Fact]
    public async Task Another_model_is_chosen_and_remembered()
    {
        await using var server = await PageServer.StartAsync(configure: options =>
        {
            options.Models["again"] = new() { Path = RepositoryFiles.Model("crawl-tiles-32") };
            options.DefaultModel = PageServer.Model;
        });
        await browser.VisitAsync("draw", async visit =>
        {
            await visit.DrawnAsync(16);
            await visit.Page.GetByLabel("Model", new() { Exact = true }).SelectOptionAsync("again");
            await visit.DrawnAsync(16);
            await visit.Tiles.First.ClickAsync();
            await Expect(visit.Viewer.Locator("dd").Last).ToHaveTextAsync("again");
            await visit.ReloadAsync();
            await visit.DrawnAsync(16);
            await Expect(visit.Page.GetByLabel("Model", new() { Exact = true })).ToHaveValueAsync("again");
        }, address: server.Address);
    }

    [Fact]
    public Task What_a_model_cannot_do_is_not_offered() => browser.VisitAsync("colour", async visit =>
    {
        await ChangeAsync(visit, model =>
        {
            model["classes"] = null;
            model["edits"]!.AsObject().Remove("colorize");
        });
        await visit.DrawnAsync(16);
        await Expect(visit.Tab("Draw")).ToHaveAttributeAsync("aria-selected", "true");
        await Expect(visit.Tab("Colour")).ToHaveCountAsync(0);
        await Expect(visit.Page.GetByRole(AriaRole.Group, new() { Name = "What" })).ToHaveCountAsync(0);
        await visit.DrawAsync(16);
    });

    [Fact]
    public Task A_model_that_is_heavy_draws_only_when_asked() => browser.VisitAsync("draw", async visit =>
    {
        await ChangeAsync(visit, model => model["parameter_count"] = 4_000_000_000);
        await Expect(visit.Page.GetByText("4,000 M parameters")).ToBeVisibleAsync();
        await Expect(visit.Go).ToBeEnabledAsync();
        await Expect(visit.Tiles).ToHaveCountAsync(0);
        await visit.DrawAsync(1);
        await Expect(visit.Tiles.First).ToHaveAttributeAsync("alt", new System.Text.RegularExpressions.Regex(", 1 step$"));
    });

    [Fact]
    public Task A_thousand_classes_are_searched() => browser.VisitAsync("draw", async visit =>
    {
        await ChangeAsync(visit, model =>
        {
            for (var i = 7; i < 1000; i++)
            {
                model["classes"]!.AsArray().Add((JsonNode)new JsonObject { ["index"] = i, ["name"] = $"thing {i}" });
            }
        });
        await visit.DrawnAsync(16);
        await visit.Chip("Pictures", "4").ClickAsync();
        var what = visit.Page.GetByLabel("What", new() { Exact = true });
        await what.FillAsync("Book");
        await what.PressAsync("Tab");
        await Expect(visit.Button("book: not any more")).ToBeVisibleAsync();
        await visit.DrawAsync(4);
        await Expect(visit.Tiles.First).ToHaveAttributeAsync("alt", new System.Text.RegularExpressions.Regex("^book, "));
        await what.FillAsync("unheard of");
        await what.PressAsync("Tab");
        Assert.Equal("No class of this model is called \"unheard of\".", await what.EvaluateAsync<string>("input => input.validationMessage"));
        await visit.ShotAsync("thousand-classes");
        await what.FillAsync("");
        await visit.Button("book: not any more").ClickAsync();
        await visit.DrawAsync(4);
    });

    // As if the server had another model: the page is loaded again with it.
    private static async Task ChangeAsync(Visit visit, Action<JsonObject> change)
    {
        await visit.Page.RouteAsync("**/v1/models", async route =>
        {
            var answer = await route.FetchAsync();
            var body = JsonNode.Parse(await answer.TextAsync())!;
            change(body["models"]![0]!.AsObject());
            await route.FulfillAsync(new() { Response = answer, Body = body.ToJsonString(JsonSerializerOptions.Default) });
        });
        await visit.Page.EvaluateAsync("localStorage.clear()");
        await visit.ReloadAsync();
    }
}
