using System.Numerics.Tensors;
using ConsistencyModels.Denoising;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Training.Objectives;

/// <summary>A diffusion model that is distilled: its network, and the scalars it was trained under.</summary>
/// <param name="Network">The network; borrowed.</param>
/// <param name="Preconditioning">Its preconditioning, EDM's.</param>
public sealed record Teacher(IUNet Network, Preconditioning Preconditioning);

/// <summary>The networks of a run for one batch: parameters, target network and teacher with preconditioning around them.</summary>
/// <param name="network">The network in training.</param>
/// <param name="target">The target network's parameters; null where there is none.</param>
/// <param name="teacher">The teacher; null where there is none.</param>
/// <param name="preconditioning">The scalars of network and target.</param>
/// <param name="batch">Its shape, labels (the teacher is not told of augmentation) and dropout masks are taken.</param>
public sealed class StepNetworks(
    ITrainableUNet network, IParameterBuffer? target, Teacher? teacher, Preconditioning preconditioning, TrainingBatch batch) : IStepNetworks, IDisposable
{
    private float[]? _outputScales;
    private ITrainingPass? _pass;

    /// <inheritdoc/>
    public void Student(ReadOnlySpan<float> x, ReadOnlySpan<float> sigmas, Span<float> denoised)
    {
        if (_pass is not null)
        {
            throw new InvalidOperationException("The student was asked twice for one batch.");
        }

        using var scratch = new Scratch();
        var scaled = scratch.Floats(x.Length);
        var timesteps = Prepare(preconditioning, x, sigmas, scaled);
        _pass = network.Forward(Input(scaled, timesteps), batch.DropoutSeed, denoised);
        _outputScales = new float[sigmas.Length];
        for (var i = 0; i < sigmas.Length; i++)
        {
            _outputScales[i] = preconditioning.COut(sigmas[i]);
        }

        Combine(preconditioning, x, sigmas, denoised);
    }

    /// <inheritdoc/>
    public void Denoise(NetworkRole role, ReadOnlySpan<float> x, ReadOnlySpan<float> sigmas, Span<float> denoised)
    {
        Network(role, x, sigmas, denoised);
        Combine(role == NetworkRole.Teacher ? TheTeacher.Preconditioning : preconditioning, x, sigmas, denoised);
    }

    /// <inheritdoc/>
    public void Network(NetworkRole role, ReadOnlySpan<float> x, ReadOnlySpan<float> sigmas, Span<float> output)
    {
        using var scratch = new Scratch();
        var scaled = scratch.Floats(x.Length);
        if (role == NetworkRole.Teacher)
        {
            var levels = Prepare(TheTeacher.Preconditioning, x, sigmas, scaled);
            TheTeacher.Network.Forward(scaled, batch.Shape, levels, TheTeacher.Network.Config.NumClassEmbeds is null ? [] : batch.Labels.Span, output);
            return;
        }

        var parameters = role == NetworkRole.Self ? network.Parameters : target ?? throw new InvalidOperationException("The run has no target network.");
        var timesteps = Prepare(preconditioning, x, sigmas, scaled);
        network.Evaluate(parameters, Input(scaled, timesteps), batch.DropoutSeed, output);
    }

    /// <summary>Follows the student's pass back: adds to the network's gradients.</summary>
    /// <param name="gradient">dLoss/dD, as many floats as the images; scaled in place by c_out.</param>
    public void Backward(Span<float> gradient)
    {
        if (_pass is null || _outputScales is null)
        {
            throw new InvalidOperationException("The student was not asked for this batch.");
        }

        var length = gradient.Length / _outputScales.Length;
        for (var i = 0; i < _outputScales.Length; i++)
        {
            NoiseArithmetic.Scale(gradient.Slice(i * length, length), _outputScales[i]);
        }

        _pass.Backward(gradient);
    }

    /// <inheritdoc/>
    public void Dispose() => _pass?.Dispose();

    private UNetInput Input(ReadOnlySpan<float> scaled, ReadOnlySpan<float> timesteps) =>
        new(scaled, batch.Shape, timesteps, batch.Labels.Span) { AugmentLabels = batch.AugmentLabels.Span };

    private Teacher TheTeacher => teacher ?? throw new InvalidOperationException("The run has no teacher.");

    private static float[] Prepare(Preconditioning preconditioning, ReadOnlySpan<float> x, ReadOnlySpan<float> sigmas, Span<float> scaled)
    {
        var length = x.Length / sigmas.Length;
        var timesteps = new float[sigmas.Length];
        for (var i = 0; i < sigmas.Length; i++)
        {
            TensorPrimitives.Multiply(x.Slice(i * length, length), preconditioning.CIn(sigmas[i]), scaled.Slice(i * length, length));
            timesteps[i] = Preconditioning.CNoise(sigmas[i]);
        }

        return timesteps;
    }

    // D ← c_skip x + c_out F, where F stands.
    private static void Combine(Preconditioning preconditioning, ReadOnlySpan<float> x, ReadOnlySpan<float> sigmas, Span<float> values)
    {
        var length = x.Length / sigmas.Length;
        using var scratch = new Scratch();
        var skipped = scratch.Floats(length);
        for (var i = 0; i < sigmas.Length; i++)
        {
            var part = values.Slice(i * length, length);
            TensorPrimitives.Multiply(x.Slice(i * length, length), preconditioning.CSkip(sigmas[i]), skipped);
            TensorPrimitives.Multiply(part, preconditioning.COut(sigmas[i]), part);
            TensorPrimitives.Add(skipped, part, part);
        }
    }
}
