using ConsistencyModels.Evaluation.Pictures;
using ConsistencyModels.Evaluation.Reports;
using ConsistencyModels.Evaluation.Runs;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Evaluating;

/// <summary>The page of <c>cm evaluate --report</c>.</summary>
internal static class EvaluatePage
{
    /// <summary>Its name in the folder of an evaluation.</summary>
    public const string Name = "report.html";

    private const int Columns = 16;
    private const int Shown = 8 * Columns;

    /// <summary>Writes it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="evaluated">What was found.</param>
    /// <param name="samples">The samples.</param>
    /// <param name="reference">The reference's pictures; null where there are only statistics.</param>
    /// <param name="others">Earlier evaluations to show beside it.</param>
    /// <param name="cancellation">Ends it.</param>
    public static void Save(string path, Evaluated evaluated, IPictureSet samples, DataSetPictures? reference, IReadOnlyList<EvaluationManifest> others, CancellationToken cancellation)
    {
        List<ReportPicture> pictures =
        [
            new("Samples", $"The first {Math.Min(Shown, samples.Count)} samples.", Grid([.. samples.Read(0, Math.Min(Shown, samples.Count), cancellation)])),
        ];
        if (reference is not null)
        {
            pictures.Add(new("Reference", $"{Math.Min(Shown, reference.Count)} pictures of the reference, spread over all of it.", Grid([.. Spread(reference, cancellation)])));
            var (pairs, words) = NearestPairs.Draw(evaluated, samples, reference, cancellation);
            pictures.Add(new("Nearest neighbours", words, pairs));
            var curves = SampleCurves.Frechet(evaluated.Samples.Features, evaluated.Reference.Features!.Features);
            if (curves[0].Points.Count > 1)
            {
                var name = evaluated.Manifest.Extractor.Name;
                pictures.Add(new("Plot: the number of samples", "How the Fréchet distance falls with the number of samples, and what one half of the reference reaches against the other.", CurvePlot.Draw("samples", name == "inception" ? "FID" : $"FD-{name}", curves)));
            }
        }

        if (Steps([evaluated.Manifest, .. others]) is { } steps)
        {
            pictures.Add(steps);
        }

        ReportPage.Save(path, evaluated.Manifest, pictures, others);
    }

    // The first number of every evaluation of a model against its steps.
    private static ReportPicture? Steps(IReadOnlyList<EvaluationManifest> all)
    {
        var name = all[0].Results.Count > 0 ? all[0].Results[0].Name : null;
        var curves = all.Where(one => one.Samples.IsModel && (one.Samples.Steps ?? one.Samples.Timesteps?.Count) is not null && one.Results.Any(result => result.Name == name))
            .GroupBy(one => one.Samples.Path)
            .Select(group => new PlotCurve(Path.GetFileName(Path.TrimEndingDirectorySeparator(group.Key)), [.. group.Select(one => ((double)(one.Samples.Steps ?? one.Samples.Timesteps!.Count), one.Results.First(result => result.Name == name).Value)).OrderBy(point => point.Item1)]))
            .ToArray();
        return curves.Sum(curve => curve.Points.Count) > 1 ? new("Plot: steps", $"{name} against the steps of the sampler.", CurvePlot.Draw("steps", name!, curves)) : null;
    }

    private static IEnumerable<ImageBuffer> Spread(DataSetPictures reference, CancellationToken cancellation)
    {
        var shown = Math.Min(Shown, reference.Count);
        return Enumerable.Range(0, shown).Select(i => reference.Read((int)((long)i * reference.Count / shown), 1, cancellation).First());
    }

    private static byte[] Grid(IReadOnlyList<ImageBuffer> images) => PictureSheet.Encode(images, Columns);
}
