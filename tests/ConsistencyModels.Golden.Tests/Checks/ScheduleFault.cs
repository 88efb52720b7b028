using System.Globalization;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>What is wrong with the arguments of set_timesteps, and how a call has to say so.</summary>
/// <param name="Error">The kind of exception.</param>
/// <param name="Parameter">The argument to blame, by our name.</param>
/// <param name="Says">What the message has to contain.</param>
internal sealed record ScheduleFault(Type Error, string Parameter, params string[] Says)
{
    private const string List = "timesteps";

    /// <summary>Whether Python takes them all the same.</summary>
    internal bool OursIsStricter { get; private init; }

    /// <summary>The first fault, in the order in which they are looked for; null if there is none.</summary>
    internal static ScheduleFault? Of(int? steps, IReadOnlyList<int>? timesteps, int count)
    {
        if (steps is { } given)
        {
            // Python makes an empty schedule of a negative number.
            return timesteps is not null ? new(typeof(ArgumentException), List, "both")
                : given >= 1 && given <= count ? null
                : new(typeof(ArgumentOutOfRangeException), "numInferenceSteps", Text(given), Text(count)) { OursIsStricter = given < 0 };
        }

        if (timesteps is null or { Count: 0 })
        {
            return new(typeof(ArgumentException), List, timesteps is null ? "neither" : "empty");
        }

        var place = Enumerable.Range(1, timesteps.Count - 1).FirstOrDefault(i => timesteps[i] >= timesteps[i - 1]);
        if (place > 0)
        {
            return new(typeof(ArgumentException), List, "descending", Text(timesteps[place]), Text(timesteps[place - 1]));
        }

        // Python makes levels above sigma_max of negative indices.
        var (first, last) = (timesteps[0], timesteps[^1]);
        return first < count && last >= 0
            ? null
            : new(typeof(ArgumentOutOfRangeException), List, Text(first), Text(last), Text(count)) { OursIsStricter = last < 0 && first < count };
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
