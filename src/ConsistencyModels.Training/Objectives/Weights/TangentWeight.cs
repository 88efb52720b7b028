using ConsistencyModels.Training.Objectives.Levels;

namespace ConsistencyModels.Training.Objectives.Weights;

/// <summary>
/// Makes of a squared distance of images one of the network's outputs, 1/c_out², and weighs the levels by a function that is learnt
/// with the network: e^(w(σ)) distance - w(σ) (Lu and Song 2024, Eq. 12), so that all levels come to count alike. w is linear in the
/// cosines and sines of a few multiples of ln σ and starts at 0.
/// </summary>
public sealed class TangentWeight : IWeight
{
    private const int Waves = 8;

    // The slowest wave spans the levels of a run, ln 0.002 to ln 80, about once.
    private const double SlowestWave = 0.5;

    private readonly double _sigmaData;
    private readonly bool _byLevel;

    /// <summary>Makes a weight.</summary>
    /// <param name="sigmaData">σ_data.</param>
    /// <param name="adaptive">Whether w is learnt; else it is 0.</param>
    /// <param name="byLevel">Whether distances are divided by σ first, the paper's prior weight.</param>
    public TangentWeight(double sigmaData = 0.5, bool adaptive = true, bool byLevel = false)
    {
        _sigmaData = sigmaData;
        _byLevel = byLevel;
        Learnt = adaptive ? new(new float[(2 * Waves) + 1], new float[(2 * Waves) + 1]) : null;
    }

    /// <inheritdoc/>
    public LearntValues? Learnt { get; }

    /// <inheritdoc/>
    public void Apply(ReadOnlySpan<LevelPair> pairs, Span<float> losses, Span<float> factors)
    {
        Span<double> features = stackalloc double[(2 * Waves) + 1];
        for (var i = 0; i < pairs.Length; i++)
        {
            double sigma = pairs[i].From;
            var scale = ((sigma * sigma) + (_sigmaData * _sigmaData)) / (sigma * sigma * _sigmaData * _sigmaData);
            if (_byLevel)
            {
                scale /= sigma;
            }

            if (Learnt is null)
            {
                factors[i] = (float)scale;
                losses[i] *= factors[i];
                continue;
            }

            Features(Math.Log(sigma), features);
            var w = 0.0;
            for (var k = 0; k < features.Length; k++)
            {
                w += features[k] * Learnt.Values[k];
            }

            var weighted = Math.Exp(w) * scale * losses[i];
            for (var k = 0; k < features.Length; k++)
            {
                Learnt.Gradients[k] += (float)((weighted - 1) * features[k]);
            }

            factors[i] = (float)(Math.Exp(w) * scale);
            losses[i] = (float)(weighted - w);
        }
    }

    private static void Features(double logSigma, Span<double> features)
    {
        features[0] = 1;
        for (var k = 0; k < Waves; k++)
        {
            features[1 + (2 * k)] = Math.Cos(SlowestWave * (k + 1) * logSigma);
            features[2 + (2 * k)] = Math.Sin(SlowestWave * (k + 1) * logSigma);
        }
    }
}
