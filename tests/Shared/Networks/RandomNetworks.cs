using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using ConsistencyModels.Tests.Cpu;
using CsCheck;

namespace ConsistencyModels.Testing;

/// <summary>Small networks of every kind, weights for them, and what engines make of them against <see cref="ReferenceNetwork"/>.</summary>
internal static class RandomNetworks
{
    private static readonly Gen<string> Down = Gen.OneOfConst("DownBlock2D", "AttnDownBlock2D", "ResnetDownsampleBlock2D");
    private static readonly Gen<string> Up = Gen.OneOfConst("UpBlock2D", "AttnUpBlock2D", "ResnetUpsampleBlock2D");
    private static readonly Gen<string> Resampler = Gen.OneOfConst("conv", "resnet");

    /// <summary>Any configuration of one to three levels.</summary>
    public static Gen<UNet2DConfig> Configs { get; } =
        from shape in Gen.Select(Gen.Int[1, 3], Gen.Int[1, 2], Gen.Int[1, 4])
        from widths in Gen.Int[1, 4].Array[shape.Item1]
        from down in Down.Array[shape.Item1]
        from up in Up.Array[shape.Item1]
        from resamplers in Gen.Select(Resampler, Resampler, Gen.Int[0, 1])
        from size in Gen.Select(Gen.Int[1, 3], Gen.Int[1, 3])
        from channels in Gen.Select(Gen.Int[1, 4], Gen.Int[1, 4], Gen.Bool)
        from time in Gen.Select(Gen.Bool, Gen.Int[0, 24], Gen.Int[0, 1], Gen.Bool, Gen.Bool, Gen.Int[0, 5])
        from middle in Gen.Select(Gen.Int[0, 3], Gen.Bool, Gen.OneOfConst(1.0, 1.5))
        from head in Gen.Int[0, 6]
        let blocks = widths.Select(width => width * shape.Item3).ToArray()
        let factor = 2 << (shape.Item1 - 1) // four pixels at the coarsest level: of a single one a group has no variance
        select new UNet2DConfig
        {
            SampleSize = new ImageSize(factor * size.Item1, factor * size.Item2),
            LayersPerBlock = shape.Item2,
            NormNumGroups = shape.Item3,
            BlockOutChannels = blocks,
            DownBlockTypes = down,
            UpBlockTypes = up,
            DownsampleType = resamplers.Item1,
            UpsampleType = resamplers.Item2,
            DownsamplePadding = resamplers.Item3,
            InChannels = channels.Item1,
            OutChannels = channels.Item2,
            CenterInputSample = channels.Item3,
            TimeEmbeddingType = time.Item1 ? "fourier" : "positional",
            TimeEmbeddingDim = time.Item2 == 0 ? null : time.Item2,
            FreqShift = Math.Clamp(time.Item3, 0, Math.Max(0, (blocks[0] / 2) - 1)),
            FlipSinToCos = time.Item4,
            ResnetTimeScaleShift = time.Item5 ? "scale_shift" : "default",
            NumClassEmbeds = time.Item6 == 0 ? null : time.Item6,
            MidBlockType = middle.Item1 == 0 ? null : "UNetMidBlock2D",
            AttnNormNumGroups = middle.Item1 == 1 ? shape.Item3 : null,
            AddAttention = middle.Item2,
            MidBlockScaleFactor = middle.Item3,
            AttentionHeadDim = head == 0 ? null : Math.Min(head, blocks.Min()),
        };

    /// <summary>Fresh weights. The caller disposes them.</summary>
    public static MemoryTensors Weights(UNet2DConfig config)
    {
        var tensors = new MemoryTensors();
        var generator = new TorchGenerator(7);
        foreach (var parameter in UNet2DDescription.Of(config).Parameters)
        {
            var values = new float[parameter.Count];
            FreshValues.Fill(parameter, generator, zeroResiduals: false, values);
            if (parameter.Initialization is ParameterInitialization.One or ParameterInitialization.Zero)
            {
                // A norm whose factors are all 1 and 0 hides that they are mixed up.
                generator.Randn(values);
            }

            tensors.Add(parameter.Name, values, [.. parameter.Shape]);
        }

        return tensors;
    }

    /// <summary>Asserts that a network computes what the operations of its configuration say, for several images and for one timestep.</summary>
    public static void IsWhatItsOperationsSay(IUNet network, MemoryTensors weights)
    {
        var config = network.Config;
        var size = config.SampleSize!.Value;
        foreach (var (batch, times) in ((int, int)[])[(1, 1), (3, 3), (2, 1)])
        {
            var shape = new ImageShape(batch, config.InChannels, size.Height, size.Width);
            var random = new System.Random(shape.Length);
            var sample = Reference.Normal(random, shape.Length);
            var timesteps = Enumerable.Range(0, times).Select(_ => 1 + (random.NextSingle() * 1000)).ToArray();
            int[] labels = config.NumClassEmbeds is { } classes ? [.. Enumerable.Range(0, batch).Select(_ => random.Next(classes))] : [];
            var expected = ReferenceNetwork.Forward(config, weights, sample, shape, timesteps, labels);
            var actual = new float[expected.Length];
            network.Forward(sample, shape, timesteps, labels, actual, TestContext.Current.CancellationToken);
            var scale = expected.Max(MathF.Abs);
            var worst = expected.Zip(actual, (a, b) => MathF.Abs(a - b)).Max();
            Assert.True(worst <= 1e-4 * scale, $"batch {batch}: off by {worst} of {scale}: {config.ToJson()}");
        }
    }
}
