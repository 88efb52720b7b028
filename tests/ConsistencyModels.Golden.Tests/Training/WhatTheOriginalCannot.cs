using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using ConsistencyModels.Torch;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Objectives.Catalogue;
using ConsistencyModels.Training.Optimization;
using ConsistencyModels.Training.Steps;

namespace ConsistencyModels.Golden.Tests.Training;

/// <summary>Two steps of what the original's loop fails at, on a small network.</summary>
internal static class WhatTheOriginalCannot
{
    internal static void Runs(string name)
    {
        var objective = name switch
        {
            "fp32_consistency_training" => ObjectiveCatalogue.Make("ct"),
            "progdist_mode" => ObjectiveCatalogue.Make("pd", new Dictionary<string, string> { ["scales"] = "4", ["stage_steps"] = "1" }),
            _ => throw new InvalidOperationException($"Nothing is known of {name}."),
        };
        var config = new UNet2DConfig { InChannels = 1, OutChannels = 1, BlockOutChannels = [32], DownBlockTypes = ["DownBlock2D"], UpBlockTypes = ["UpBlock2D"], LayersPerBlock = 1 };
        using var network = new TorchEngine().Create(UNet2DDescription.Of(config), new EngineOptions { Device = TrainingCases.Device });
        ParameterFiles.Initialize(network.Description, network.Parameters, new TorchGenerator(1), zeroResiduals: false);
        using var state = new TrainingState(network, objective, [AverageOptions.OfRate(0.9)]);
        state.StartFromParameters();
        var step = new TrainingStep(state, new Optimizer());
        var shape = new ImageShape(4, 1, 8, 8);
        var generator = new TorchGenerator(2);
        for (var k = 0; k < 2; k++)
        {
            var (images, noise) = (new float[shape.Length], new float[shape.Length]);
            generator.Randn(images);
            generator.Randn(noise);
            var batch = TrainingCases.Batch(shape, images, noise, [], [0, 0, 0, 0], 2);
            var before = Values(network.Parameters);
            var result = step.Run(batch, new TrainingClock(k, k * 4, 2), 1e-2, 2);
            Assert.False(result.Skipped);
            Assert.True(result.GradientNorm > 0);
            Assert.NotEqual(before, Values(network.Parameters));
        }
    }

    private static float[] Values(IParameterBuffer buffer)
    {
        var values = new float[buffer.Length];
        buffer.Read(0, values);
        return values;
    }
}
