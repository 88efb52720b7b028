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

    /// <summary>The network with EDM's preconditioning around it.</summary>
    internal Denoise Denoiser(double sigmaData) => TensorPreconditioning.Edm(Forward, sigma => sigma.log() / 4, sigmaData);

    /// <summary>Asserts the gradients that a case recorded.</summary>
    internal void HasGradients(GoldenCase golden, double relative)
    {
        using var scope = NewDisposeScope();
        var expected = new[] { golden.Json.GetProperty("grad_a").GetDouble(), golden.Json.GetProperty("grad_b").GetDouble() };
        Near.Equal(expected, [_a.grad!.item<float>(), _b.grad!.item<float>()], relative, 0, "gradients of a and b");
    }

    private Tensor Forward(Tensor x, Tensor noise, Tensor? labels)
    {
        using var scope = NewDisposeScope();
        var waves = _b * (noise * 3).cos().view(-1, 1, 1, 1);
        return ((_a * (x * 1.3).tanh()) + waves + (x.flip(3) * 0.1)).MoveToOuterDisposeScope();
    }
}
