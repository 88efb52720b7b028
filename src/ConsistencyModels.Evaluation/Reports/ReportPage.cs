using System.Globalization;
using System.Net;
using System.Text;
using ConsistencyModels.Evaluation.Runs;
using ConsistencyModels.Files;

namespace ConsistencyModels.Evaluation.Reports;

/// <summary>A picture of a report, with what it shows in words.</summary>
/// <param name="Title">The heading above it.</param>
/// <param name="Words">What it shows, also for whoever does not see it.</param>
/// <param name="Png">The picture.</param>
public sealed record ReportPicture(string Title, string Words, byte[] Png);

/// <summary>One HTML page with everything in it: numbers, pictures, the manifest. It loads nothing from elsewhere.</summary>
public static class ReportPage
{
    private const string Style =
        "body{font:16px/1.5 system-ui,sans-serif;color:#222;background:#fff;max-width:56rem;margin:2rem auto;padding:0 1rem}"
        + "table{border-collapse:collapse}th,td{text-align:left;padding:.3rem 1.2rem .3rem 0;border-bottom:1px solid #ddd}td.n{text-align:right;font-variant-numeric:tabular-nums}"
        + "img{max-width:100%;image-rendering:pixelated}img.plot{image-rendering:auto}pre{background:#f5f5f5;padding:1rem;overflow:auto}.note{border-left:4px solid #c4622d;padding-left:.8rem}";

    /// <summary>Writes the page.</summary>
    /// <param name="path">The file; what is there is replaced.</param>
    /// <param name="manifest">The evaluation.</param>
    /// <param name="pictures">Grids and plots.</param>
    /// <param name="others">Earlier evaluations to show beside it.</param>
    /// <exception cref="ConsistencyModelsException">It cannot be written.</exception>
    public static void Save(string path, EvaluationManifest manifest, IReadOnlyList<ReportPicture> pictures, IReadOnlyList<EvaluationManifest>? others = null) =>
        AtomicFile.WriteAllText(path, ToHtml(manifest, pictures, others ?? []));

    /// <summary>The page's text.</summary>
    internal static string ToHtml(EvaluationManifest manifest, IReadOnlyList<ReportPicture> pictures, IReadOnlyList<EvaluationManifest> others)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(pictures);
        var page = new StringBuilder("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n");
        var title = $"Evaluation of {manifest.Samples.Path}";
        page.Append($"<title>{Text(title)}</title>\n<style>{Style}</style>\n</head>\n<body>\n<h1>{Text(title)}</h1>\n");
        page.Append(CultureInfo.InvariantCulture, $"<p>{manifest.Samples.Count} {(manifest.Samples.IsModel ? "samples" : "pictures")}{Text(Drawn(manifest))}, compared with ");
        page.Append(CultureInfo.InvariantCulture, $"{(manifest.Reference.Count is { } count ? $"{count} pictures" : "statistics")} of {Text(manifest.Reference.Path)} by the extractor {Text(manifest.Extractor.Name)} ({manifest.Extractor.Sha256[..Math.Min(12, manifest.Extractor.Sha256.Length)]}).</p>\n");
        foreach (var warning in manifest.Warnings)
        {
            page.Append($"<p class=\"note\">{Text(warning)}</p>\n");
        }

        Numbers(page, manifest, others);
        foreach (var picture in pictures)
        {
            page.Append($"<h2>{Text(picture.Title)}</h2>\n<p>{Text(picture.Words)}</p>\n<p><img{(picture.Title.StartsWith("Plot", StringComparison.Ordinal) ? " class=\"plot\"" : "")} alt=\"{Text(picture.Words)}\" src=\"data:image/png;base64,{Convert.ToBase64String(picture.Png)}\"></p>\n");
        }

        page.Append($"<h2>Manifest</h2>\n<p>Everything that the numbers depend on; <code>cm evaluate --repeat</code> makes them again.</p>\n<pre>{Text(manifest.ToJson())}</pre>\n</body>\n</html>\n");
        return page.ToString();
    }

    private static void Numbers(StringBuilder page, EvaluationManifest manifest, IReadOnlyList<EvaluationManifest> others)
    {
        EvaluationManifest[] all = [manifest, .. others];
        page.Append("<h2>Numbers</h2>\n<table>\n<tr><th scope=\"col\">Metric</th>");
        foreach (var one in all)
        {
            page.Append($"<th scope=\"col\">{Text($"{one.Samples.Path}{Drawn(one)}")}</th>");
        }

        page.Append("</tr>\n");
        foreach (var name in all.SelectMany(one => one.Results).Select(result => result.Name).Distinct())
        {
            page.Append($"<tr><th scope=\"row\">{Text(name)}</th>");
            foreach (var one in all)
            {
                page.Append($"<td class=\"n\">{Text(one.Results.FirstOrDefault(result => result.Name == name) is { } result ? Number(result) : "")}</td>");
            }

            page.Append("</tr>\n");
        }

        page.Append("</table>\n");
    }

    private static string Drawn(EvaluationManifest manifest) =>
        !manifest.Samples.IsModel ? ""
        : manifest.Samples.Timesteps is { } timesteps ? $", timesteps {string.Join(',', timesteps)}"
        : $", {manifest.Samples.Sampler}, {manifest.Samples.Steps} step{(manifest.Samples.Steps == 1 ? "" : "s")}";

    private static string Number(EvaluationResult result) =>
        string.Create(CultureInfo.InvariantCulture, $"{result.Value:G5}{(result.Spread is { } spread ? $" ± {spread:G2}" : "")}");

    // A file's words never become part of the page.
    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
