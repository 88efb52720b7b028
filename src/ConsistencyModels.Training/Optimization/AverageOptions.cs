using System.Globalization;
using ConsistencyModels.Training.Objectives.Catalogue;

namespace ConsistencyModels.Training.Optimization;

/// <summary>
/// A running average of the parameters, which samples are drawn from: by its half-life in images (EDM), or by the share that is kept
/// at each step (openai's <c>ema_rate</c>).
/// </summary>
public sealed record AverageOptions
{
    private AverageOptions()
    {
    }

    /// <summary>Images after which a parameter's weight in the average has halved; null for a fixed rate.</summary>
    public double? HalfLife { get; private init; }

    /// <summary>The half-life is at most this share of the images seen, so that early averages forget the start; 0 for none.</summary>
    public double RampRatio { get; private init; }

    /// <summary>The share that is kept at a step; null for a half-life.</summary>
    public double? Rate { get; private init; }

    /// <summary>An average with a half-life.</summary>
    /// <param name="images">Half-life in images, above 0.</param>
    /// <param name="rampRatio">See <see cref="RampRatio"/>; 0.05 in EDM.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of its range.</exception>
    public static AverageOptions OfHalfLife(double images, double rampRatio = 0.05)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(images);
        ArgumentOutOfRangeException.ThrowIfNegative(rampRatio);
        return new() { HalfLife = images, RampRatio = rampRatio };
    }

    /// <summary>An average with a fixed rate.</summary>
    /// <param name="rate">Share that is kept at a step, from 0 to below 1: 0.9999.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is out of its range.</exception>
    public static AverageOptions OfRate(double rate)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rate);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rate, 1);
        return new() { Rate = rate };
    }

    /// <summary>Reads an average's short name: a half-life in images (<c>50k</c>, <c>500000</c>), or a rate below 1 (<c>0.9999</c>).</summary>
    /// <param name="text">The name.</param>
    /// <param name="origin">Where it came from, for the message.</param>
    /// <exception cref="ConsistencyModelsException">It is neither.</exception>
    public static AverageOptions Parse(string text, string origin)
    {
        ArgumentNullException.ThrowIfNull(text);
        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var rate) && rate is > 0 and < 1 ? OfRate(rate)
            : WholeNumber.TryParse(text, out var images) && images > 0 ? OfHalfLife(images)
            : throw new ConsistencyModelsException($"{origin}: found \"{text}\", expected a half-life in images, such as 50k, or a rate below 1, such as 0.9999");
    }

    /// <summary>The share of the average that is kept at a step.</summary>
    /// <param name="batch">Images of the step.</param>
    /// <param name="imagesSeen">Images before the step.</param>
    public double Beta(int batch, long imagesSeen)
    {
        if (Rate is { } rate)
        {
            return rate;
        }

        var life = RampRatio > 0 ? Math.Min(HalfLife!.Value, imagesSeen * RampRatio) : HalfLife!.Value;
        return Math.Pow(0.5, batch / Math.Max(life, 1e-8));
    }

    /// <summary>A short name, for files: <c>50k</c>, <c>0.9999</c>.</summary>
    public override string ToString() => Rate is { } rate
        ? rate.ToString("R", CultureInfo.InvariantCulture)
        : HalfLife % 1000 == 0
            ? (HalfLife!.Value / 1000).ToString("R", CultureInfo.InvariantCulture) + "k"
            : HalfLife!.Value.ToString("R", CultureInfo.InvariantCulture);
}
