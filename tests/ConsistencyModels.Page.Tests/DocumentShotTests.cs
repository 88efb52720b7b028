using ConsistencyModels.Imaging;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace ConsistencyModels.Page.Tests;

/// <summary>The page as the README shows it. <c>CM_REDRAW=1</c> puts what it looks like now in the picture's place.</summary>
public sealed class DocumentShotTests(Browser browser)
{
    // Letters and the time it took differ from machine to machine; other pictures, such as another seed's, are 18 levels away.
    private const double Tolerance = 4;

    [Fact]
    public Task The_readme_shows_the_page_of_today() => browser.VisitAsync("draw", async visit =>
    {
        await visit.DrawnAsync(16);
        await visit.Seed.FillAsync("11");
        await visit.DrawAsync(16);
        await Expect(visit.Tiles.First).ToHaveAttributeAsync("alt", new System.Text.RegularExpressions.Regex("seed 11,"));
        await visit.ShotAsync("readme");

        var (made, shown) = (Path.Combine(Browser.Shots, "readme.png"), RepositoryFiles.Path("docs/images/page.png"));
        if (Environment.GetEnvironmentVariable("CM_REDRAW") == "1")
        {
            File.Copy(made, shown, overwrite: true);
        }

        var (before, now) = (ImageDecoder.DecodeFile(shown), ImageDecoder.DecodeFile(made));
        Assert.Equal((before.Width, before.Height), (now.Width, now.Height));
        var difference = before.Pixels.Zip(now.Pixels).Average(pair => Math.Abs(pair.First - pair.Second));
        Assert.True(difference <= Tolerance, $"docs/images/page.png is {difference:F2} levels from what the page looks like; CM_REDRAW=1 draws it anew");
    }, new Look(1240, 960, ColorScheme.Dark));
}
