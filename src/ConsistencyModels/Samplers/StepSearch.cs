namespace ConsistencyModels.Samplers;

/// <summary>
/// Ternary search for the intermediate step of multistep sampling (arXiv 2303.01469, section 3 and Algorithm 1's remark:
/// one step after another, greedily), as openai's <c>ternary_search.py</c> does by FID; here by any objective.
/// </summary>
/// <remarks>
/// The search assumes that the objective falls and then rises between the neighbours; where it does not, a local minimum comes
/// out. The reference can return a point it has not compared last; this one returns the best point that it has evaluated inside
/// the last interval. The neighbours themselves are never candidates.
/// </remarks>
public static class StepSearch
{
    /// <summary>Finds the best index to put between two lists.</summary>
    /// <param name="before">Indices before it, ascending, at least one; usually 0.</param>
    /// <param name="after">Indices behind it, ascending, at least one; usually steps - 1.</param>
    /// <param name="objective">What is to be small, of the whole list in openai's ascending order; asked once for each list.</param>
    /// <param name="evaluated">Receives every value as it is known; may be null.</param>
    /// <returns>The index and its value.</returns>
    /// <exception cref="ArgumentException">A list is empty, or there is no index between them.</exception>
    public static (int Index, double Value) Best(
        IReadOnlyList<int> before,
        IReadOnlyList<int> after,
        Func<IReadOnlyList<int>, double> objective,
        Action<int, double>? evaluated = null)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        ArgumentNullException.ThrowIfNull(objective);
        if (before.Count == 0 || after.Count == 0 || after[0] - before[^1] < 2)
        {
            throw new ArgumentException("There is no index between the two lists.", nameof(after));
        }

        Dictionary<int, double> known = [];
        double Value(int index)
        {
            if (!known.TryGetValue(index, out var value))
            {
                value = objective([.. before, index, .. after]);
                known[index] = value;
                evaluated?.Invoke(index, value);
            }

            return value;
        }

        // Both ends are inside, so that each candidate lies strictly between its neighbours.
        var (left, right) = (before[^1] + 1, after[0] - 1);
        while (right - left >= 3)
        {
            var first = left + ((right - left) / 3);
            var second = right - ((right - left) / 3);
            if (Value(first) < Value(second))
            {
                right = second;
            }
            else
            {
                left = first;
            }
        }

        var best = left;
        for (var index = left + 1; index <= right; index++)
        {
            best = Value(index) < Value(best) ? index : best;
        }

        return (best, Value(best));
    }

    /// <summary>Finds a list for several steps, greedily: each search keeps what the ones before it found.</summary>
    /// <param name="calls">Network calls, at least 2.</param>
    /// <param name="steps">Number of noise levels of the model, more than <paramref name="calls"/>.</param>
    /// <param name="objective">As for <see cref="Best"/>.</param>
    /// <param name="evaluated">Receives every list and its value; may be null.</param>
    /// <returns><paramref name="calls"/> + 1 ascending indices in openai's form, from 0 to <paramref name="steps"/> - 1, and their value.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public static (IReadOnlyList<int> Ts, double Value) Greedy(
        int calls, int steps, Func<IReadOnlyList<int>, double> objective, Action<IReadOnlyList<int>, double>? evaluated = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(calls, 2);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(steps, calls);
        List<int> ts = [0, steps - 1];
        var value = double.NaN;
        while (ts.Count < calls + 1)
        {
            // Every gap with room gets its search; the best of them stays.
            var found = (Index: -1, Value: double.PositiveInfinity);
            for (var gap = 0; gap < ts.Count - 1; gap++)
            {
                if (ts[gap + 1] - ts[gap] >= 2)
                {
                    int[] before = [.. ts[..(gap + 1)]];
                    int[] after = [.. ts[(gap + 1)..]];
                    var best = Best(before, after, objective, (index, of) => evaluated?.Invoke([.. before, index, .. after], of));
                    found = found.Index < 0 || best.Value < found.Value ? best : found;
                }
            }

            ts.Add(found.Index);
            ts.Sort();
            value = found.Value;
        }

        return (ts, value);
    }
}
