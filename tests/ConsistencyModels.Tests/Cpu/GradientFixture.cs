using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Cpu.Planning;
using ConsistencyModels.Cpu.Threading;

namespace ConsistencyModels.Tests.Cpu;

/// <summary>Runs a layer's step and its way back on given features, and compares gradients with central differences in double precision.</summary>
internal sealed unsafe class GradientFixture : IDisposable
{
    private readonly Dictionary<string, long> _places = [];
    private readonly Dictionary<string, float[]> _parameters = [];
    private readonly List<(Feature Feature, float[] Values)> _given = [];
    private readonly List<(Feature Gradient, float[] Values)> _wanted = [];
    private readonly LiveWeights _packed;
    private readonly ComputePool _pool = new(2);
    private long _floats;
    private float[] _gradients = [];

    public GradientFixture()
    {
        _packed = new LiveWeights(_places);
        Weights = new LayerWeights(_packed);
    }

    public LayerWeights Weights { get; }

    /// <summary>The call's sample, or empty.</summary>
    public float[] Sample { get; init; } = [];

    /// <summary>The sample's gradient after a run.</summary>
    public float[] SampleGradient { get; private set; } = [];

    public T Packed<T>(string name, T tensor)
        where T : PackedTensor => _packed.Get(name, () => tensor);

    /// <summary>A parameter, before a layer asks for it.</summary>
    public void Parameter(string name, float[] values)
    {
        _places.Add(name, _floats);
        _parameters.Add(name, values);
        _floats += values.Length;
    }

    /// <summary>Holds values in NHWC order without padding when the steps begin.</summary>
    public Feature Given(Feature feature, float[] values)
    {
        _given.Add((feature, values));
        return feature;
    }

    /// <summary>Receives a feature's values when the steps have ended.</summary>
    public float[] Wanted(Feature feature)
    {
        var values = new float[feature.Rows * feature.Layout.Channels];
        _wanted.Add((feature, values));
        return values;
    }

    public float[] GradientOf(string parameter) => _gradients[(int)_places[parameter]..((int)_places[parameter] + _parameters[parameter].Length)];

    public void Run(Step[] forward, Step[] back)
    {
        var plan = new Plan([new StepFixture.Keep([.. _given.Select(pair => pair.Feature.Slot)]), .. forward], [.. back, new StepFixture.Keep([.. _given.Select(pair => pair.Feature.Slot), .. _wanted.Select(pair => pair.Gradient.Slot)])]);
        var flat = _parameters.Values.SelectMany(values => values).ToArray();
        _gradients = new float[_floats];
        var call = new Call(_pool, 2) { TimestepStride = 1 };
        using var arena = new NativeBuffer(call.BytesFor(plan));
        call.Use(plan, arena);
        new Span<float>(arena.Floats, (int)plan.ArenaFloats).Fill(float.NaN);
        SampleGradient = new float[Sample.Length];
        fixed (float* values = flat, gradients = _gradients, sample = Sample, sampleGradient = SampleGradient)
        {
            call.Gradients = new(gradients, _places);
            call.Sample = sample;
            call.InputGradient = sampleGradient;
            _pool.Enter(call.Region, CancellationToken.None);
            try
            {
                _packed.Refresh(values, call.Region, changed: true);
                _given.ForEach(pair => StepFixture.Copy(pair.Feature, call.At(pair.Feature.Slot), pair.Values, toFeature: true));
                plan.Run(call, CancellationToken.None);
                plan.RunBack(call);
                _wanted.ForEach(pair => StepFixture.Copy(pair.Gradient, call.At(pair.Gradient.Slot), pair.Values, toFeature: false));
            }
            finally
            {
                _pool.Leave(call.Region);
            }
        }
    }

    /// <summary>Asserts that a gradient is what central differences of a loss say, at some places of the values it is of.</summary>
    /// <param name="loss">The loss in double precision, which reads the values.</param>
    /// <param name="values">What is changed; as it was afterwards.</param>
    /// <param name="gradient">The gradient.</param>
    /// <param name="name">For the message.</param>
    public static void IsSlope(Func<double> loss, float[] values, float[] gradient, string name)
    {
        const int Places = 40;
        const float Step = 1.0f / 64;
        var scale = Math.Max(1e-3, gradient.Max(Math.Abs));
        var random = new System.Random(values.Length);
        var here = loss();
        for (var k = 0; k < Math.Min(Places, values.Length); k++)
        {
            var i = random.Next(values.Length);
            var value = values[i];
            double At(float by)
            {
                values[i] = value + by;
                var result = (loss() - here) / (values[i] - (double)value);
                values[i] = value;
                return result;
            }

            // Four points: what is left is of the fourth order.
            var measured = ((8 * (At(Step) + At(-Step))) - (2 * (At(2 * Step) + At(-2 * Step)))) / 12;
            Assert.True(Math.Abs(measured - gradient[i]) <= 1e-4 * scale, $"{name}[{i}]: {gradient[i]}, measured {measured}, the largest is {scale}");
        }
    }

    public void Dispose()
    {
        _packed.Dispose();
        _pool.Dispose();
    }
}
