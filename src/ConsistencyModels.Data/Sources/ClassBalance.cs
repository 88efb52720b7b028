using System.Globalization;

namespace ConsistencyModels.Data.Sources;

/// <summary>Repeats the pictures of rare classes (<see cref="ImageDataSetOptions.Balance"/>).</summary>
internal static class ClassBalance
{
    /// <summary>The numbers of the pictures in their order, each as often as its class asks for.</summary>
    /// <param name="labels">The class of each picture.</param>
    /// <param name="balance">0 to 1.</param>
    /// <param name="most">How many there may be in all.</param>
    /// <param name="source">Name of the data, for messages.</param>
    /// <exception cref="ConsistencyModelsException">There would be more.</exception>
    public static int[] Repeat(int[] labels, double balance, int most, string source)
    {
        Dictionary<int, int> counts = labels.CountBy(label => label).ToDictionary();
        int largest = counts.Values.Max();
        Dictionary<int, int> times = counts.ToDictionary(one => one.Key, one => (int)Math.Round(Math.Pow((double)largest / one.Value, balance)));
        long total = counts.Sum(one => (long)one.Value * times[one.Key]);
        return total > most
            ? throw new ConsistencyModelsException(string.Create(
                CultureInfo.InvariantCulture, $"{source}: balanced by {balance}, {labels.Length} pictures become {total}, expected at most {most}: a class of {largest} is beside one of {counts.Values.Min()}."))
            : [.. labels.SelectMany((label, i) => Enumerable.Repeat(i, times[label]))];
    }
}
