using System.Globalization;

namespace ConsistencyModels.Training.Objectives;

/// <summary>Numbers as text that reads back as the same number, whatever the culture.</summary>
internal static class InvariantText
{
    public static string Of(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    public static string Of(long value) => value.ToString(CultureInfo.InvariantCulture);
}
