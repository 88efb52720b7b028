using System.Globalization;

namespace ConsistencyModels.Training.Records;

/// <summary>Where an axis ends, and what stands along it.</summary>
/// <param name="From">Its lower end, in the coordinates of drawing.</param>
/// <param name="To">Its upper end.</param>
/// <param name="Logarithmic">Whether these are decimal logarithms.</param>
/// <param name="Ticks">Places with a label.</param>
internal sealed record PlotAxis(double From, double To, bool Logarithmic, IReadOnlyList<(double At, string Label)> Ticks)
{
    private const double Margin = 0.04;

    // A linear axis that ends below has exponents at all of its labels: 5e-4 and 1e-3, not 5e-4 and 0.001.
    private const double OneForm = 0.01;

    // Fewer decades than this get labels inside them too.
    private const double FewDecades = 2.5;

    /// <summary>A value as a coordinate of drawing.</summary>
    public double Place(double value) => Logarithmic ? Math.Log10(value) : value;

    /// <summary>An axis from 0, of numbers of images: "200k", "1.5M".</summary>
    /// <param name="images">Its end.</param>
    public static PlotAxis OfImages(long images)
    {
        var to = Math.Max(images, 1) * 1.01; // the last point is not cut in two
        return new(0, to, false, [.. Round(0, to, 8).Select(at => (at, Count(at)))]);
    }

    /// <summary>An axis from 0.</summary>
    /// <param name="values">What is drawn; what is not finite is not looked at.</param>
    /// <param name="ticks">Labels at most.</param>
    public static PlotAxis FromZero(IEnumerable<double> values, int ticks)
    {
        var most = values.Where(double.IsFinite).DefaultIfEmpty(0).Max();
        return Linear(0, most > 0 ? most : 1, ticks);
    }

    /// <summary>A logarithmic axis, or one that is not where a value is 0 or below, as some objectives' losses are.</summary>
    /// <param name="values">What is drawn; what is not finite is not looked at.</param>
    /// <param name="ticks">Labels at most.</param>
    public static PlotAxis ForRange(IEnumerable<double> values, int ticks)
    {
        double from = double.PositiveInfinity, to = double.NegativeInfinity;
        foreach (var value in values.Where(double.IsFinite))
        {
            from = Math.Min(from, value);
            to = Math.Max(to, value);
        }

        if (from > to)
        {
            (from, to) = (0, 1);
        }

        return from > 0 ? Logarithms(Math.Log10(from), Math.Log10(to), ticks) : Linear(from, to, ticks);
    }

    private static PlotAxis Linear(double from, double to, int ticks)
    {
        var space = Math.Max((to - from) * Margin, Math.Max(Math.Abs(to), Math.Abs(from)) * 1e-6);
        space = space > 0 ? space : 1;
        var axis = (From: from == 0 ? 0 : from - space, To: to + space);
        var small = to < OneForm && -from < OneForm;
        return new(axis.From, axis.To, false, [.. Round(axis.From, axis.To, ticks).Select(at => (at, small && at != 0 ? Exponent(at) : Number(at)))]);
    }

    private static PlotAxis Logarithms(double from, double to, int ticks)
    {
        // A constant is drawn in the middle of a factor of two.
        var space = Math.Max((to - from) * Margin, to - from < 0.15 ? 0.15 : 0);
        (from, to) = (from - space, to + space);
        double[] steps = to - from < FewDecades ? [1, 2, 5] : [1];
        List<(double, string)> labels = [];
        var every = Math.Max(1, (int)Math.Ceiling((to - from) * steps.Length / ticks / steps.Length));
        for (var decade = (int)Math.Floor(from); decade <= (int)Math.Floor(to); decade++)
        {
            foreach (var step in steps)
            {
                var at = decade + Math.Log10(step);
                if (at >= from && at <= to && decade % every == 0)
                {
                    labels.Add((at, Number(step * Math.Pow(10, decade))));
                }
            }
        }

        // In less than an octave round numbers stand closer than that.
        return new(from, to, true, labels.Count > 1 ? labels : [.. Round(Math.Pow(10, from), Math.Pow(10, to), ticks).Select(at => (Math.Log10(at), Number(at)))]);
    }

    // Multiples of 1, 2 or 5 times a power of ten.
    private static IEnumerable<double> Round(double from, double to, int most)
    {
        var least = (to - from) / most;
        var power = Math.Pow(10, Math.Floor(Math.Log10(least)));
        var step = new[] { 1, 2, 5, 10 }.Select(factor => factor * power).First(step => step >= least * (1 - 1e-9));
        for (var i = Math.Ceiling((from / step) - 1e-9); i * step <= to * (1 + 1e-9); i++)
        {
            yield return (i * step) + 0.0; // never -0
        }
    }

    private static string Count(double images) => images switch
    {
        >= 1e6 => Short(images / 1e6) + "M",
        >= 1e3 => Short(images / 1e3) + "k",
        _ => Short(images),
    };

    private static string Number(double value) => Math.Abs(value) is 0 or >= 1e-3 and < 1e5
        ? Short(value)
        : Exponent(value);

    private static string Exponent(double value) => value.ToString("0.##e0", CultureInfo.InvariantCulture);

    private static string Short(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);
}
