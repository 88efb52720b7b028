using ConsistencyModels.Samplers;
using CsCheck;

namespace ConsistencyModels.Tests.Samplers;

/// <summary>Ternary search.</summary>
public sealed class StepSearchTests
{
    [Fact]
    public void The_minimum_of_a_valley_is_found_wherever_it_is() => Gen.Select(Gen.Int[2, 300], Gen.Int[0, 300], Gen.Double[0.1, 5]).Sample((last, at, slope) =>
    {
        var valley = 1 + (at % (last - 1));
        HashSet<int> asked = [];
        var (index, value) = StepSearch.Best([0], [last], ts =>
        {
            Assert.Equal([0, ts[1], last], ts);
            Assert.InRange(ts[1], 1, last - 1);
            Assert.True(asked.Add(ts[1]), "asked twice");
            return ts[1] < valley ? valley - ts[1] : slope * (ts[1] - valley);
        });
        Assert.Equal(valley, index);
        Assert.Equal(0, value);

        // Two new values for a third of the interval less.
        Assert.True(asked.Count <= (2 * Math.Log(last + 1, 1.5)) + 4, $"{asked.Count} values for {last}");
    });

    [Fact]
    public void Several_steps_are_found_one_after_another()
    {
        List<IReadOnlyList<int>> told = [];
        var (ts, value) = StepSearch.Greedy(3, 40, list => list.Skip(1).SkipLast(1).Sum(index => Math.Min(Math.Abs(index - 22), Math.Abs(index - 9) + 0.5)), (list, _) => told.Add(list));
        Assert.Equal(0, ts[0]);
        Assert.Equal(39, ts[^1]);
        Assert.Equal(4, ts.Count);
        Assert.Contains(22, ts);
        Assert.Equal(ts.Order(), ts);
        Assert.True(value < 2);
        Assert.Contains(told, list => list.SequenceEqual(ts));
    }

    [Fact]
    public void There_must_be_an_index_between()
    {
        Assert.Throws<ArgumentException>(() => StepSearch.Best([0], [1], _ => 0));
        Assert.Throws<ArgumentException>(() => StepSearch.Best([], [1], _ => 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => StepSearch.Greedy(1, 40, _ => 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => StepSearch.Greedy(40, 40, _ => 0));
    }
}
