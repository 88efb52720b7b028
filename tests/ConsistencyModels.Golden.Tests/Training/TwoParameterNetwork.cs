using ConsistencyModels.Denoising;
using ConsistencyModels.Training.Objectives;

namespace ConsistencyModels.Golden.Tests.Training;

/// <summary>
/// The network of the recorded losses with EDM's preconditioning around it: F(x, c) = a tanh(1.3 x) + b cos(3 c) + 0.1 x mirrored,
/// with a and b trainable and c_noise = ln(σ)/4, so that it gives NaN at σ = 0 as a real one may. Its gradients are written out.
/// </summary>
internal sealed class TwoParameterNetwork : IStepNetworks
{
    internal const float A = 0.8f;
    internal const float B = 0.2f;
    private readonly Preconditioning _preconditioning;
    private readonly ImageShape _shape;
    private float[] _studentInput = [];
    private float[] _studentSigmas = [];

    private TwoParameterNetwork(double sigmaData, ImageShape shape)
    {
        _preconditioning = Preconditioning.Edm(sigmaData);
        _shape = shape;
    }

    /// <summary>What it was asked, and what it gave.</summary>
    internal List<(float[] Sigmas, float[] Denoised)> Calls { get; } = [];

    internal double GradientOfA { get; private set; }

    internal double GradientOfB { get; private set; }

    /// <summary>The network that a case describes, which has to be this one.</summary>
    internal static TwoParameterNetwork In(GoldenCase golden, double sigmaData, ImageShape shape)
    {
        Assert.Equal(
            "network F(x_in, c_noise) = a*tanh(1.3*x_in) + b*cos(3*c_noise) + 0.1*flip(x_in, width axis), a=0.8, b=0.2 trainable; x_in = c_in*x, c_noise = ln(sigma)/4",
            golden.Json.Text("network"));
        return new(sigmaData, shape);
    }

    public void Student(ReadOnlySpan<float> x, ReadOnlySpan<float> sigmas, Span<float> denoised)
    {
        (_studentInput, _studentSigmas) = (x.ToArray(), sigmas.ToArray());
        Denoise(NetworkRole.Self, x, sigmas, denoised);
    }

    public void Denoise(NetworkRole role, ReadOnlySpan<float> x, ReadOnlySpan<float> sigmas, Span<float> denoised)
    {
        Network(role, x, sigmas, denoised);
        for (var i = 0; i < x.Length; i++)
        {
            var sigma = sigmas[i / _shape.ImageLength];
            denoised[i] = (_preconditioning.CSkip(sigma) * x[i]) + (_preconditioning.COut(sigma) * denoised[i]);
        }

        Calls.Add((sigmas.ToArray(), denoised.ToArray()));
    }

    public void Network(NetworkRole role, ReadOnlySpan<float> x, ReadOnlySpan<float> sigmas, Span<float> output)
    {
        for (var i = 0; i < x.Length; i++)
        {
            var sigma = sigmas[i / _shape.ImageLength];
            var column = i % _shape.Width;
            var (input, mirrored) = (_preconditioning.CIn(sigma) * x[i], _preconditioning.CIn(sigma) * x[i - column + _shape.Width - 1 - column]);
            output[i] = (A * MathF.Tanh(1.3f * input)) + (B * MathF.Cos(3 * (MathF.Log(sigma) / 4))) + (0.1f * mirrored);
        }
    }

    /// <summary>Adds what dLoss/dD means for a and b.</summary>
    internal void Backward(ReadOnlySpan<float> gradient)
    {
        for (var i = 0; i < gradient.Length; i++)
        {
            var sigma = _studentSigmas[i / _shape.ImageLength];
            double slope = gradient[i] * _preconditioning.COut(sigma);
            GradientOfA += slope * Math.Tanh(1.3f * _preconditioning.CIn(sigma) * _studentInput[i]);
            GradientOfB += slope * Math.Cos(3 * Math.Log(sigma) / 4);
        }
    }

    /// <summary>Asserts the gradients that a case recorded.</summary>
    internal void HasGradients(GoldenCase golden, double relative)
    {
        var expected = new[] { golden.Json.Number("grad_a"), golden.Json.Number("grad_b") };
        Near.Equal(expected, [GradientOfA, GradientOfB], relative, 0, "gradients of a and b");
    }
}
