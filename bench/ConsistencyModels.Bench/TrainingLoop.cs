using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Objectives.Catalogue;
using ConsistencyModels.Training.Optimization;
using ConsistencyModels.Training.Steps;

namespace ConsistencyModels.Bench;

/// <summary>A run of an objective, without its data and its records.</summary>
internal sealed class TrainingLoop : IDisposable
{
    public const int Often = 50;

    private const double Rate = 1e-5;

    private readonly TrainingState _state;
    private readonly TrainingStep _step;
    private readonly TrainingBatch _batch;
    private TrainingClock _clock = new(0, 0, 1_000_000);

    public TrainingLoop(ITrainingEngine engine, UNet2DDescription description, string objective, int batch, int threads = 0)
    {
        Network = engine.Create(description, new EngineOptions { Threads = threads });
        Fill(Network, description);

        _state = new(Network, ObjectiveCatalogue.Make(objective), [AverageOptions.OfHalfLife(50_000)]);
        _state.StartFromParameters();
        _step = new(_state, new Optimizer());
        var size = description.Config.SampleSize!.Value;
        var shape = new ImageShape(batch, description.Config.InChannels, size.Height, size.Width);
        var labels = new int[description.Config.NumClassEmbeds is null ? 0 : batch];
        _batch = new(shape, Normal(shape.Length, 2), labels, Normal(shape.Length, 3), Normal(batch, 4), new float[batch], DropoutSeed: 5);
    }

    public ITrainableUNet Network { get; }

    /// <summary>Gives a network the values that every process gives it: no residual at zero, so that every parameter matters.</summary>
    public static void Fill(ITrainableUNet network, UNet2DDescription description)
    {
        var offset = 0L;
        var generator = new TorchGenerator(1);
        foreach (var parameter in description.Parameters)
        {
            var values = new float[parameter.Count];
            FreshValues.Fill(parameter, generator, zeroResiduals: false, values);
            network.Parameters.Write(offset, values);
            offset += values.Length;
        }
    }

    public void Step()
    {
        _step.Run(_batch, _clock, Rate, _batch.Shape.Batch);
        _clock = _clock with { Step = _clock.Step + 1, Images = _clock.Images + _batch.Shape.Batch };
    }

    /// <summary>What a step does beside its passes, zeroing, norm, optimizer, average, many times: the processor's time counts in hundredths of a second.</summary>
    public void RestOften()
    {
        for (var i = 0; i < Often; i++)
        {
            Network.Gradients.Clear();
            _step.Finish(0, _clock, Rate, _batch.Shape.Batch);
        }
    }

    /// <summary>Normal numbers.</summary>
    public static float[] Normal(long count, ulong seed)
    {
        var values = new float[count];
        new TorchGenerator(seed).Randn(values);
        return values;
    }

    public void Dispose()
    {
        _state.Dispose();
        Network.Dispose();
    }
}
