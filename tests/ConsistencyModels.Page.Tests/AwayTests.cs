using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace ConsistencyModels.Page.Tests;

/// <summary>Servers of their own, which go away and come back, and one that wants a key.</summary>
public sealed class AwayTests(Browser browser)
{
    // What the browser says of a server that is away, and of one that starts.
    private static readonly string[] Unreachable = ["net::ERR_", "503"];

    [Fact]
    public async Task Work_goes_on_when_the_server_is_back()
    {
        var server = await PageServer.StartAsync();
        try
        {
            await browser.VisitAsync("draw", async visit =>
            {
                await visit.DrawnAsync(16);
                await visit.Chip("Pictures", "4").ClickAsync();
                var address = server.Address;
                await server.DisposeAsync();
                await visit.Go.ClickAsync();
                var banner = visit.Page.Locator("#banner");
                await Expect(banner).ToHaveTextAsync("The server is away. Trying again; your work goes on by itself.");
                await Expect(banner).ToHaveAttributeAsync("role", "status");
                await visit.ShotAsync("away");
                server = await PageServer.StartAsync(address.Port);
                await visit.DrawnAsync(4);
                await Expect(banner).ToBeHiddenAsync();
                await Expect(visit.Status).ToContainTextAsync("4 pictures in");
            }, address: server.Address, forgiven: Unreachable);
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public Task An_answer_that_breaks_off_is_asked_for_again() => browser.VisitAsync("draw", async visit =>
    {
        await visit.DrawnAsync(16);
        await visit.Chip("Pictures", "4").ClickAsync();
        await OnceAsync(visit, new() { ContentType = "text/event-stream", Body = "id: 1\nevent: queued\ndata: {\"id\":\"x\",\"ahead\":0}\n\n" });
        await visit.DrawAsync(4);
        await Expect(visit.Status).ToContainTextAsync("4 pictures in");
    });

    [Fact]
    public Task A_busy_server_is_asked_when_it_says() => browser.VisitAsync("draw", async visit =>
    {
        await visit.DrawnAsync(16);
        await visit.Chip("Pictures", "4").ClickAsync();
        // Long enough to be seen by a test that has to wait for a core.
        await OnceAsync(visit, new() { Status = 429, Headers = new Dictionary<string, string> { ["Retry-After"] = "4" }, ContentType = "application/problem+json", Body = """{"status":429,"detail":"full"}""" });
        await visit.Go.ClickAsync();
        await Expect(visit.Page.Locator("#banner")).ToHaveTextAsync("The server is busy. Next try in 4 s.");
        await visit.DrawnAsync(4);
        await Expect(visit.Page.Locator("#banner")).ToBeHiddenAsync();
    }, forgiven: ["429"]);

    [Fact]
    public async Task Who_waits_may_stop()
    {
        var server = await PageServer.StartAsync();
        await browser.VisitAsync("draw", async visit =>
        {
            await visit.DrawnAsync(16);
            await server.DisposeAsync();
            await visit.Go.ClickAsync();
            await Expect(visit.Page.Locator("#banner")).ToBeVisibleAsync();
            await visit.Button("Stop").ClickAsync();
            await Expect(visit.Status).ToHaveTextAsync("Stopped.");
            await Expect(visit.Tiles).ToHaveCountAsync(16);
        }, address: server.Address, forgiven: Unreachable);
    }

    // The next request is answered in the server's place.
    private static Task OnceAsync(Visit visit, RouteFulfillOptions answer) =>
        visit.Page.RouteAsync("**/v1/generate", route => route.FulfillAsync(answer), new() { Times = 1 });

    [Fact]
    public async Task A_key_is_asked_for_once_and_forgotten_with_the_tab()
    {
        await using var server = await PageServer.StartAsync(configure: options => options.ApiKeys.Add("open-sesame-1234567890"));
        await browser.VisitAsync("draw", async visit =>
        {
            await Expect(visit.Viewer.GetByRole(AriaRole.Heading)).ToHaveTextAsync("This server wants a key");
            var key = visit.Viewer.GetByLabel("Key", new() { Exact = true });
            await Expect(key).ToBeFocusedAsync();
            await key.FillAsync("wrong");
            await key.PressAsync("Enter");
            await Expect(visit.Viewer.GetByRole(AriaRole.Alert)).ToHaveTextAsync("It does not know the one that was given.");
            await visit.ShotAsync("key");
            await visit.Viewer.GetByLabel("Key", new() { Exact = true }).FillAsync("open-sesame-1234567890");
            await visit.In(visit.Viewer, "Go on").ClickAsync();
            await visit.DrawnAsync(16);
            await visit.Page.ReloadAsync();
            await visit.DrawnAsync(16);
            Assert.Equal("{}", await visit.Page.EvaluateAsync<string>("JSON.stringify(Object.fromEntries(Object.entries(localStorage).filter(([, value]) => value.includes('sesame'))))"));
        }, address: server.Address, forgiven: ["401"]);
    }
}
