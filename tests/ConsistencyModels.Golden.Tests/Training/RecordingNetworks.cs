using ConsistencyModels.Denoising;
using ConsistencyModels.Training.Objectives;

namespace ConsistencyModels.Golden.Tests.Training;

/// <summary>Networks that note who was asked, in which order, with what, and what came of it.</summary>
internal sealed class RecordingNetworks(StepNetworks inner) : IStepNetworks
{
    internal List<(string Who, float[] Input, float[] Sigmas, float[] Denoised)> Calls { get; } = [];

    public void Student(ReadOnlySpan<float> x, ReadOnlySpan<float> sigmas, Span<float> denoised)
    {
        inner.Student(x, sigmas, denoised);
        Calls.Add(("model", x.ToArray(), sigmas.ToArray(), denoised.ToArray()));
    }

    public void Denoise(NetworkRole role, ReadOnlySpan<float> x, ReadOnlySpan<float> sigmas, Span<float> denoised)
    {
        inner.Denoise(role, x, sigmas, denoised);
        Calls.Add((role.ToString().ToLowerInvariant(), x.ToArray(), sigmas.ToArray(), denoised.ToArray()));
    }

    public void Network(NetworkRole role, ReadOnlySpan<float> x, ReadOnlySpan<float> sigmas, Span<float> output) => inner.Network(role, x, sigmas, output);

    /// <summary>Asserts a recorded call: the network's scaled input, c_noise, and its output.</summary>
    internal void Has(GoldenCase golden, int call, Preconditioning preconditioning, double tolerance)
    {
        var (who, input, sigmas, denoised) = Calls[call];
        var prefix = $"call{call}_{who}_";
        var length = input.Length / sigmas.Length;
        var scaled = new float[input.Length];
        var expected = golden.Floats(prefix + "net_output");
        for (var i = 0; i < input.Length; i++)
        {
            var sigma = sigmas[i / length];
            scaled[i] = preconditioning.CIn(sigma) * input[i];
            expected[i] = (preconditioning.CSkip(sigma) * input[i]) + (preconditioning.COut(sigma) * expected[i]);
        }

        Near.EqualToScale(golden.Floats(prefix + "net_input"), scaled, tolerance, prefix + "net_input");
        Near.Equal(golden.Floats(prefix + "rescaled_t"), Array.ConvertAll(sigmas, Preconditioning.CNoise), 2e-6, 2e-4, prefix + "rescaled_t");
        Near.EqualToScale(expected, denoised, tolerance, prefix + "net_output");
    }
}
