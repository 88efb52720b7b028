namespace ConsistencyModels.Training.Objectives.Levels;

/// <summary>
/// Places by the root of their losses' second moment, so that places with large losses come more often and count less (Nichol and
/// Dhariwal 2021, section 3.3; openai's <c>loss-second-moment</c>). Uniform until every place has its history, and for a share of one
/// in a thousand always. For a grid that keeps its size; when N changes, the history starts anew.
/// </summary>
public sealed class LossSecondMomentChoice : ILevelChoice
{
    private const int History = 10;
    private const double UniformShare = 0.001;

    // A place's losses, the newest last, and how many there are.
    private float[] _state = [];
    private double[] _sums = [];

    /// <inheritdoc/>
    /// <exception cref="ConsistencyModelsException">What is set is no such history.</exception>
    public float[] State
    {
        get => _state;
        set
        {
            for (var at = History; at < value.Length; at += History + 1)
            {
                if (!(value[at] >= 0 && value[at] <= History && value[at] == MathF.Floor(value[at])))
                {
                    throw new ConsistencyModelsException($"the history of losses has a place with {value[at]} of them, expected 0 to {History}");
                }
            }

            _state = value.Length % (History + 1) == 0 ? value : throw new ConsistencyModelsException($"the history of losses has {value.Length} values, expected a multiple of {History + 1}");
        }
    }

    /// <inheritdoc/>
    public bool Learns => true;

    private int Places => _state.Length / (History + 1);

    /// <inheritdoc/>
    public void Prepare(ReadOnlySpan<float> sigmas)
    {
        var places = sigmas.Length - 1;
        if (Places != places)
        {
            _state = new float[places * (History + 1)];
        }

        _sums = new double[places];
        var warm = true;
        var total = 0.0;
        for (var i = 0; i < places; i++)
        {
            var place = Place(i);
            warm &= place[History] == History;
            var squares = 0.0;
            foreach (var loss in place[..History])
            {
                squares += (double)loss * loss;
            }

            _sums[i] = Math.Sqrt(squares / History);
            total += _sums[i];
        }

        var sum = 0.0;
        for (var i = 0; i < places; i++)
        {
            var share = warm && total > 0 ? (_sums[i] / total * (1 - UniformShare)) + (UniformShare / places) : 1.0 / places;
            _sums[i] = sum += share;
        }
    }

    /// <inheritdoc/>
    public (int Index, float Importance) Draw(float uniform)
    {
        var found = Array.BinarySearch(_sums, uniform * _sums[^1]);
        var index = Math.Min(found >= 0 ? found + 1 : ~found, _sums.Length - 1);
        var share = _sums[index] - (index == 0 ? 0 : _sums[index - 1]);
        return (index, (float)(1 / (_sums.Length * share)));
    }

    /// <inheritdoc/>
    public void Learn(ReadOnlySpan<LevelPair> pairs, ReadOnlySpan<float> losses)
    {
        for (var i = 0; i < pairs.Length; i++)
        {
            if (!float.IsFinite(losses[i]) || pairs[i].Index >= Places)
            {
                continue;
            }

            var place = Place(pairs[i].Index);
            if (place[History] == History)
            {
                place[1..History].CopyTo(place);
                place[History - 1] = losses[i];
            }
            else
            {
                place[(int)place[History]++] = losses[i];
            }
        }
    }

    private Span<float> Place(int index) => _state.AsSpan(index * (History + 1), History + 1);
}
