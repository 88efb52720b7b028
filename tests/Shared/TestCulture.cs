using System.Globalization;
using System.Runtime.CompilerServices;

namespace ConsistencyModels.Testing;

/// <summary>
/// CM_TEST_CULTURE=de-DE runs the tests where numbers have a decimal comma and dates go by the day, so that no text a program
/// reads or compares depends on where it runs. Made by hand: these programs have no culture data.
/// </summary>
internal static class TestCulture
{
    private const string Variable = "CM_TEST_CULTURE";

#pragma warning disable CA2255 // It has to be there before any test and any thread.
    [ModuleInitializer]
    internal static void Set()
    {
        switch (Environment.GetEnvironmentVariable(Variable))
        {
            case null or "":
                return;
            case "de-DE":
                var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
                culture.NumberFormat.NumberDecimalSeparator = culture.NumberFormat.CurrencyDecimalSeparator = culture.NumberFormat.PercentDecimalSeparator = ",";
                culture.NumberFormat.NumberGroupSeparator = culture.NumberFormat.CurrencyGroupSeparator = culture.NumberFormat.PercentGroupSeparator = ".";
                culture.DateTimeFormat.ShortDatePattern = "dd.MM.yyyy";
                culture.DateTimeFormat.DateSeparator = ".";
                CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = culture;
                CultureInfo.DefaultThreadCurrentCulture = CultureInfo.DefaultThreadCurrentUICulture = culture;
                return;
            case var other:
                throw new InvalidOperationException($"{Variable} is {other}; expected de-DE or nothing.");
        }
    }
#pragma warning restore CA2255
}
