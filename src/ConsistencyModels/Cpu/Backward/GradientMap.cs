using ConsistencyModels.Cpu.Planning;

namespace ConsistencyModels.Cpu.Backward;

/// <summary>
/// Which features hold the gradients of which. A feature that several layers read has the sum of what they give: the first one writes it, the
/// others add. A gradient that is another's as it stands, as of a residual, is not copied: it is kept in mind until someone writes or reads.
/// </summary>
/// <param name="steps">Where sums are added as steps.</param>
internal sealed class GradientMap(List<Step> steps)
{
    private readonly Dictionary<Feature, Entry> _entries = [];

    /// <summary>The feature of gradients itself, which is written without further ado.</summary>
    public Feature Own(Feature feature)
    {
        var entry = Of(feature);
        entry.Written = true;
        return entry.Own ??= Like(feature);
    }

    /// <summary>Notes that a gradient is a part of a feature's.</summary>
    public void Refer(Feature feature, Feature gradient) => Of(feature).Pending.Add(gradient);

    /// <summary>Makes another feature the whole gradient of one.</summary>
    public void Replace(Feature feature, Feature gradient)
    {
        var entry = Of(feature);
        (entry.Own, entry.Written) = (gradient, true);
        entry.Pending.Clear();
    }

    /// <summary>The whole gradient of a feature, after all who contribute: to be read only, unless it was written.</summary>
    public Feature Whole(Feature feature)
    {
        var entry = Of(feature);
        if (!entry.Written && entry.Pending is [var only])
        {
            return only;
        }

        AddPending(feature, entry);
        return entry.Written ? entry.Own! : throw new InvalidOperationException("Nothing that was recorded reads the feature.");
    }

    /// <summary>Where someone writes a part of a feature's gradient.</summary>
    /// <param name="feature">The feature.</param>
    /// <param name="takesAddend">Whether whoever writes can add another feature on the way.</param>
    public GradientTarget Claim(Feature feature, bool takesAddend = false)
    {
        var entry = Of(feature);
        Feature? addend = null;
        if (takesAddend && entry.Pending.Count > 0)
        {
            addend = entry.Pending[^1];
            entry.Pending.RemoveAt(entry.Pending.Count - 1);
        }

        AddPending(feature, entry);
        var accumulate = entry.Written;
        return new(Own(feature), accumulate, addend);
    }

    private static Feature Like(Feature feature) => new(feature.Batch, feature.Height, feature.Width, feature.Layout);

    private Entry Of(Feature feature)
    {
        if (!_entries.TryGetValue(feature, out var entry))
        {
            _entries.Add(feature, entry = new());
        }

        return entry;
    }

    private void AddPending(Feature feature, Entry entry)
    {
        foreach (var gradient in entry.Pending)
        {
            var written = entry.Written;
            steps.Add(new AddStep(gradient, Own(feature), 1, written));
        }

        entry.Pending.Clear();
    }

    private sealed class Entry
    {
        public Feature? Own { get; set; }

        public bool Written { get; set; }

        public List<Feature> Pending { get; } = [];
    }
}

/// <summary>Where a part of a gradient goes.</summary>
/// <param name="Gradient">The feature of gradients.</param>
/// <param name="Accumulate">Whether it holds something that is added to.</param>
/// <param name="Addend">What is added as well, or null.</param>
internal sealed record GradientTarget(Feature Gradient, bool Accumulate, Feature? Addend);
