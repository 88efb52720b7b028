using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace ConsistencyModels.Page.Tests;

/// <summary>The page as the README shows it.</summary>
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
        DocumentPicture.Check("docs/images/page.png", Path.Combine(Browser.Shots, "readme.png"), Tolerance);
    }, new Look(1240, 960, ColorScheme.Dark));
}
