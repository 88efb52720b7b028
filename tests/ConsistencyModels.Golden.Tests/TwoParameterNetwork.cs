using ConsistencyModels.Torch.Native;
using ConsistencyModels.Training.Objectives;
using static TorchSharp.torch;

namespace ConsistencyModels.Golden.Tests;

/// <summary>
/// The network of the recorded losses: F(x, c) = a tanh(1.3 x) + b cos(3 c) + 0.1 x mirrored, with a and b trainable and
/// c_noise = ln(σ)/4, so that it gives NaN at σ = 0 as a real one may.
/// </summary>
internal sealed class TwoParameterNetwork : IDisposable
{
    internal const float A = 0.8f;
    internal const float B = 0.2f;
    private readonly Tensor _a;
    private readonly Tensor _b;

    internal TwoParameterNetwork()
    {
        TorchRuntime.EnsureLoaded();
        _a = tensor(A).requires_grad_();
        _b = tensor(B).requires_grad_();
    }

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
    }

    /// <summary>The network that a case describes, which has to be this one.</summary>
    internal static TwoParameterNetwork In(GoldenCase golden)
    {
        Assert.Equal(
            "network F(x_in, c_noise) = a*tanh(1.3*x_in) + b*cos(3*c_noise) + 0.1*flip(x_in, width axis), a=0.8, b=0.2 trainable; x_in = c_in*x, c_noise = ln(sigma)/4",
            golden.Json.Text("network"));
        return new();
    }

    /// <summary>The network with EDM's preconditioning around it.</summary>
    internal Denoise Denoiser(double sigmaData) => TensorPreconditioning.Edm(Forward, sigma => sigma.log() / 4, sigmaData);

    /// <summary>Asserts the gradients that a case recorded.</summary>
    internal void HasGradients(GoldenCase golden, double relative)
    {
        using var scope = NewDisposeScope();
        var expected = new[] { golden.Json.Number("grad_a"), golden.Json.Number("grad_b") };
        Near.Equal(expected, [_a.grad!.item<float>(), _b.grad!.item<float>()], relative, 0, "gradients of a and b");
    }

    private Tensor Forward(Tensor x, Tensor noise, Tensor? labels)
    {
        using var scope = NewDisposeScope();
        var waves = _b * (noise * 3).cos().view(-1, 1, 1, 1);
        return ((_a * (x * 1.3).tanh()) + waves + (x.flip(3) * 0.1)).MoveToOuterDisposeScope();
    }
}
