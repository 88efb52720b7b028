using ScottPlot;
using SkiaSharp;

namespace ConsistencyModels.Training.Records;

/// <summary>
/// The typeface of plots, which comes with the library: Skia is built without a font manager here, and a server may have no font at all.
/// ScottPlot asks by name; this answers to its own name only, so that nobody else's plots change.
/// </summary>
internal sealed class PlotFont : IFontResolver
{
    /// <summary>What to ask ScottPlot for.</summary>
    public const string Name = "ConsistencyModels Plot";

    private const string Resource = "font/DejaVuSans-Latin.ttf";

    // A typeface is read once and shared: Skia counts references to it. ScottPlot's list of resolvers is of the process too.
    private static readonly Lazy<PlotFont> Registered = new(() =>
    {
        var font = new PlotFont();
        Fonts.FontResolvers.Insert(0, font);
        return font;
    });

    private readonly SKTypeface _face;

    private PlotFont()
    {
        using var stream = typeof(PlotFont).Assembly.GetManifestResourceStream(Resource)!;
        using var data = SKData.Create(stream);
        // On Windows it reads fonts by the system's DirectWrite, which the smallest of them lack (and Wine, where this was seen).
        _face = SKTypeface.FromData(data) ?? throw new ConsistencyModelsException("the loss was not drawn: Skia can read no font on this system");
    }

    /// <summary>Makes the name known to ScottPlot.</summary>
    public static void Register() => _ = Registered.Value;

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => fontName == Name ? _face : null;

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) => fontName == Name ? _face : null;
}
