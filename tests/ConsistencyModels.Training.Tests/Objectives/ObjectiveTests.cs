using ConsistencyModels.Denoising;
using ConsistencyModels.Torch;
using ConsistencyModels.Training.Objectives;
using static TorchSharp.torch;

namespace ConsistencyModels.Training.Tests.Objectives;

/// <summary>What the recorded cases do not show; the numbers themselves are checked against those.</summary>
public class ObjectiveTests
{
    [Fact]
    public void Both_passes_of_consistency_tuning_have_one_dropout_mask_and_batches_have_their_own()
    {
        using var scope = NewDisposeScope();
        var first = Masks(new EctObjective(new EctSchedule(StageImages: 1)), seed: 1);
        Assert.Equal(2, first.Count);
        Assert.Equal(first[0], first[1]);
        Assert.NotEqual(first[0], Masks(new EctObjective(new EctSchedule(StageImages: 1)), seed: 2)[0]);
    }

    [Fact]
    public void The_dropout_mask_of_a_diffusion_step_follows_its_batch_and_nothing_before_it()
    {
        using var scope = NewDisposeScope();
        var mask = Assert.Single(Masks(new EdmObjective(), seed: 1));
        rand(100);
        Assert.Equal(mask, Assert.Single(Masks(new EdmObjective(), seed: 1)));
        Assert.NotEqual(mask, Assert.Single(Masks(new EdmObjective(), seed: 2)));
    }

    [Fact]
    public void Parts_of_a_batch_have_masks_of_their_own()
    {
        using var scope = NewDisposeScope();
        var whole = Batch(seed: 9);
        Assert.Equal(whole.DropoutSeed, whole.Slice(0, 2).DropoutSeed);
        Assert.NotEqual(whole.DropoutSeed, whole.Slice(2, 2).DropoutSeed);
        Assert.Equal(TensorMemory.Floats(whole.Noise)[96..].ToArray(), TensorMemory.Floats(whole.Slice(2, 2).Noise).ToArray());
        Assert.Equal(whole.Normals[3].item<float>(), whole.Slice(2, 2).Normals[1].item<float>());
    }

    [Fact]
    public void Training_and_sampling_scale_a_network_alike()
    {
        using var scope = NewDisposeScope();
        float[] sigmas = [0, 1e-30f, 0.002f, 0.5f, 1, 80];
        var x = full([sigmas.Length, 1, 1, 1], 0.7f);
        Tensor? input = null, noise = null;
        var denoise = TensorPreconditioning.Edm(
            (scaled, c, _) =>
            {
                (input, noise) = (scaled.alias().DetachFromDisposeScope(), c.alias().DetachFromDisposeScope());
                return ones_like(scaled).Times(0.3).MoveToOuterDisposeScope();
            },
            TensorPreconditioning.TimeScale,
            sigmaData: 0.5);
        var denoised = TensorMemory.Floats(denoise(x, tensor(sigmas), null)).ToArray();
        scope.Attach(input!, noise!);
        var sampling = Preconditioning.Edm();
        for (var i = 0; i < sigmas.Length; i++)
        {
            var sigma = sigmas[i];
            Assert.Equal(0.7f * sampling.CIn(sigma), TensorMemory.Floats(input!)[i], 1e-6f);
            Assert.Equal(Preconditioning.CNoise(sigma), TensorMemory.Floats(noise!)[i], 1e-6f * Math.Abs(Preconditioning.CNoise(sigma)));
            Assert.Equal((0.7f * sampling.CSkip(sigma)) + (0.3f * sampling.COut(sigma)), denoised[i], 1e-6f);
        }

        Assert.Equal(0.7f, denoised[0]);
    }

    [Theory]
    [InlineData(2, 0, 0)]
    [InlineData(2, 799, 0)]
    [InlineData(2, 800, 1)]
    [InlineData(2, 8_000, 10)]
    [InlineData(2, 800_000, 13)] // The gap is 2^-14: below, t - r is lost in the rounding of float32.
    [InlineData(256, 800_000, 0)]
    public void Stages_follow_the_images_and_end_before_the_gap_vanishes(double q, long images, int stage) =>
        Assert.Equal(stage, new EctSchedule(Q: q, StageImages: 800).Stage(images));

    [Fact]
    public void Losses_are_finite_at_the_last_stage_and_where_both_outputs_agree()
    {
        using var scope = NewDisposeScope();
        var objective = new EctObjective(new EctSchedule(StageImages: 1));
        Tensor Same(Tensor x, Tensor sigma, Tensor? labels) => zeros_like(x).requires_grad_().MoveToOuterDisposeScope();
        var losses = objective.Losses(Same, Batch(seed: 3), imagesSeen: long.MaxValue);
        Assert.All(TensorMemory.Floats(losses.detach()).ToArray(), loss => Assert.InRange(loss, 0f, 1e-3f));
        losses.sum().backward();
    }

    private static TrainingBatch Batch(long seed)
    {
        using var generator = new Generator(4);
        return new(zeros(4, 3, 4, 4), null, randn(4, generator: generator), randn([4, 3, 4, 4], generator: generator), seed);
    }

    // A network with nothing but dropout: what it leaves of ones is its mask.
    private static List<float[]> Masks(IObjective objective, long seed)
    {
        using var generator = new DropoutGenerator(CPU);
        var masks = new List<float[]>();
        Tensor Network(Tensor x, Tensor sigma, Tensor? labels)
        {
            using var scope = NewDisposeScope();
            var mask = generator.Apply(ones_like(x), 0.5);
            masks.Add(TensorMemory.Floats(mask).ToArray());
            return (x * mask).MoveToOuterDisposeScope();
        }

        objective.Losses(Network, Batch(seed) with { Dropout = generator }, imagesSeen: 5);
        return masks;
    }
}
