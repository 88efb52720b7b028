using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Cpu.Planning;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cpu.Backward;

/// <summary>
/// Writes down the layers of a forward pass and makes the steps of the way back of them, last layer first. What a normalization makes is not
/// kept but made again where a gradient needs it: that takes less than memory for it would cost.
/// </summary>
internal sealed class BackwardBuilder : ITape
{
    private readonly List<Action> _layers = [];
    private readonly List<Step> _steps = [];
    private readonly GradientMap _gradients;
    private readonly HashSet<Feature> _made = [];
    private readonly Dictionary<Feature, List<Func<Feature, Step>>> _again = [];

    private BackwardBuilder() => _gradients = new(_steps);

    /// <summary>Compiles a network for a forward pass and the way back.</summary>
    /// <param name="network">The network.</param>
    /// <param name="weights">Its packed weights.</param>
    /// <param name="batch">Images.</param>
    /// <param name="size">Their size.</param>
    /// <param name="threads">Threads that may take part.</param>
    public static Plan Build(UNet2DDescription network, LayerWeights weights, int batch, ImageSize size, int threads)
    {
        var builder = new BackwardBuilder();
        var inputs = new KeptInputs(network, batch, size);
        var forward = PlanBuilder.Steps(network, weights, batch, size, threads, dropout: true, builder);
        for (var i = builder._layers.Count - 1; i >= 0; i--)
        {
            builder._layers[i]();
        }

        return new Plan([inputs, .. forward], [.. builder._steps, inputs.End]);
    }

    /// <inheritdoc/>
    public void Norm(NormStep step)
    {
        var spec = step.Spec;
        _made.Add(spec.Output);
        if (spec.HalvedInput is { } halvedInput)
        {
            _made.Add(halvedInput);
        }

        _again[spec.Output] = [target => new NormAgainStep(step, target)];
        _layers.Add(() =>
        {
            var gradient = _gradients.Whole(spec.Output);
            var halved = spec.HalvedInput is { } mean ? _gradients.Whole(mean) : null;
            _steps.Add(new NormGradient(new NormGradientSpec
            {
                Norm = step,
                Gradient = gradient,
                Targets = [.. spec.Inputs.Select(input => _gradients.Claim(input, takesAddend: true))],
                HalvedGradient = halved,
                TimeGradient = TimeGradient(spec.Time),
            }));
        });
    }

    /// <inheritdoc/>
    public void Dropout(DropoutSpec spec)
    {
        _again[spec.Output].Add(target => new DropoutStep(spec, target));
        _layers.Add(() => _steps.Add(new DropoutStep(spec, _gradients.Whole(spec.Output))));
    }

    /// <inheritdoc/>
    public void Convolution(ConvolutionSpec spec)
    {
        _made.Add(spec.Output);
        _layers.Add(() =>
        {
            var gradient = Scaled(spec.Output, spec.Scale);
            if (spec.Residual is { } residual && residual.Source != spec.Output)
            {
                Refer(residual, gradient);
            }

            _steps.Add(WinogradGradientStep.Plan(new ConvolutionGradientSpec
            {
                Convolution = spec,
                Input = Values(spec.Input),
                Gradient = gradient,
                Target = _gradients.Claim(spec.Input),
                TimeGradient = TimeGradient(spec.Time),
            }));
        });
    }

    /// <inheritdoc/>
    public void Gather(GatherSpec spec)
    {
        _made.Add(spec.Output);
        _layers.Add(() =>
        {
            var gradient = _gradients.Whole(spec.Output);
            _steps.Add(new GatherGradient(spec, spec.Input is { } input ? _gradients.Claim(input) : null, gradient));
            if (spec.Input is null)
            {
                _steps.Add(new SampleGradient(spec, gradient));
            }
        });
    }

    /// <inheritdoc/>
    public void Linear(LinearSpec spec)
    {
        _made.Add(spec.Output);
        _layers.Add(() =>
        {
            var gradient = Scaled(spec.Output, spec.Scale);
            if (spec.Residual is { } residual)
            {
                Refer(new(residual), gradient);
            }

            _steps.Add(new LinearGradient(
                [.. spec.Inputs.Select(Values)], [.. spec.Inputs.Select(input => _made.Contains(input) ? _gradients.Claim(input) : null)],
                spec.Weights, spec.Bias, gradient));
        });
    }

    /// <inheritdoc/>
    public void Augment(AugmentSpec spec) => _layers.Add(() => _steps.Add(new AugmentGradient(spec, _gradients.Whole(spec.Embedding))));

    /// <inheritdoc/>
    public void Activation(ActivationSpec spec)
    {
        _made.Add(spec.Output);
        _layers.Add(() => _steps.Add(new ActivationGradient(spec, _gradients.Own(spec.Input), _gradients.Whole(spec.Output))));
    }

    /// <inheritdoc/>
    public void Attention(AttentionSpec spec)
    {
        _made.Add(spec.Output);
        _layers.Add(() => _steps.Add(new AttentionGradientStep(spec, _gradients.Own(spec.Projected), _gradients.Whole(spec.Output))));
    }

    /// <inheritdoc/>
    public void Output(OutputSpec spec) => _layers.Add(() =>
    {
        var columns = new ChannelLayout(spec.Weights.Panels * Kernels.Gemm.PanelWidth);
        var gradient = new Feature(spec.Input.Batch, spec.Input.Height, spec.Input.Width, columns);
        _steps.Add(new OutputTaps(spec, gradient));
        _steps.Add(new LinearGradient([Values(spec.Input)], [_gradients.Claim(spec.Input)], spec.Weights, bias: null, gradient));
    });

    // A residual with the output's size gives its gradient on as it is; one that was doubled has sums of 2x2.
    private void Refer(Residual residual, Feature gradient)
    {
        if (residual.Doubled)
        {
            _steps.Add(new AddSquaresStep(gradient, _gradients.Claim(residual.Source)));
        }
        else
        {
            _gradients.Refer(residual.Source, gradient);
        }
    }

    private Feature Scaled(Feature output, float scale)
    {
        var gradient = _gradients.Whole(output);
        if (scale == 1)
        {
            return gradient;
        }

        var scaled = new Feature(gradient.Batch, gradient.Height, gradient.Width, gradient.Layout);
        _steps.Add(new AddStep(gradient, scaled, scale, accumulate: false));
        _gradients.Replace(output, scaled); // what was written there before the layer added to it has the scaled one too
        return scaled;
    }

    private Feature? TimeGradient(TimeColumns? time) => time is null ? null : _gradients.Own(time.Source);

    /// <summary>A feature's values on the way back: where they were kept, or made again.</summary>
    private Feature Values(Feature feature)
    {
        if (!_again.TryGetValue(feature, out var again))
        {
            return feature;
        }

        var target = new Feature(feature.Batch, feature.Height, feature.Width, feature.Layout);
        foreach (var step in again)
        {
            _steps.Add(step(target));
        }

        return target;
    }
}
