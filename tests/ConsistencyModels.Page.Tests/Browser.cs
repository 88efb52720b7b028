using System.Collections.Concurrent;
using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(ConsistencyModels.Page.Tests.Browser))]
// A page draws with all cores: more of them at once are not faster.
[assembly: Xunit.v3.Parallelization(MaxThreads = 2)]

namespace ConsistencyModels.Page.Tests;

/// <summary>How a person sees the page.</summary>
/// <param name="Width">Of the window, in pixels.</param>
/// <param name="Height">Of the window, in pixels.</param>
/// <param name="Scheme">Light or dark.</param>
/// <param name="Phone">A small screen under a finger.</param>
internal sealed record Look(int Width = 1280, int Height = 900, ColorScheme Scheme = ColorScheme.Light, bool Phone = false)
{
    public static Look Desk { get; } = new();

    public static Look Dark { get; } = new(Scheme: ColorScheme.Dark);

    public static Look Hand { get; } = new(390, 844, ColorScheme.Light, Phone: true);

    public static Look HandInTheDark { get; } = Hand with { Scheme = ColorScheme.Dark };
}

/// <summary>The system's Chromium, and a server with the page: one for all tests, each of which has a profile of its own.</summary>
public sealed class Browser : IAsyncLifetime
{
    // Longer than anything takes on a machine that is busy with other work; nothing waits it out unless it fails.
    private const float Patience = 120_000;

    private static readonly string[] Paths = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    internal PageServer Server { get; private set; } = null!;

    /// <summary>Where pictures of the page are left to be looked at.</summary>
    internal static string Shots { get; } = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "TestResults", "page")).FullName;

    public async ValueTask InitializeAsync()
    {
        Assertions.SetDefaultExpectTimeout(Patience);
        Server = await PageServer.StartAsync();
        if (Paths.FirstOrDefault(File.Exists) is not { } chromium)
        {
            return;
        }

        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = chromium,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
        await Server.DisposeAsync();
    }

    /// <summary>Opens the page as someone who has never been there, lets them do something, and sees that the page made no mistake meanwhile.</summary>
    /// <param name="mode">What is opened, such as "fill".</param>
    /// <param name="work">What the person does.</param>
    /// <param name="look">How they see it.</param>
    /// <param name="address">Another server's page.</param>
    /// <param name="forgiven">What the browser may complain of: of a server that is away, it always does.</param>
    internal async Task VisitAsync(string mode, Func<Visit, Task> work, Look? look = null, Uri? address = null, params string[] forgiven)
    {
        if (_browser is null)
        {
            const string Missing = "chromium: not found; apt-get install chromium";
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", Missing);
            Assert.Skip(Missing);
        }

        look ??= Look.Desk;
        await using var context = await _browser.NewContextAsync(new()
        {
            ViewportSize = new() { Width = look.Width, Height = look.Height },
            ColorScheme = look.Scheme,
            ReducedMotion = ReducedMotion.Reduce,
            HasTouch = look.Phone,
            IsMobile = look.Phone,
            AcceptDownloads = true,
        });
        context.SetDefaultTimeout(Patience);
        var page = await context.NewPageAsync();
        var complaints = new ConcurrentQueue<string>();
        page.PageError += (_, error) => complaints.Enqueue(error);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning" && !forgiven.Any(message.Text.Contains))
            {
                complaints.Enqueue($"{message.Text} ({message.Location})");
            }
        };
        var visit = new Visit(page);
        await page.GotoAsync($"{address ?? Server.Address}#{mode}");
        try
        {
            await work(visit);
        }
        catch
        {
            await visit.ShotAsync($"failed-{mode}-{Guid.NewGuid():N}");
            throw;
        }

        Assert.Empty(complaints);
    }
}
