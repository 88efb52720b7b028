using ConsistencyModels.Networks;
using ConsistencyModels.Torch;
using ConsistencyModels.Training.Optimization;
using static TorchSharp.torch;

namespace ConsistencyModels.Training.Runs;

/// <summary>What a run carries from step to step: the network, its average, the optimizer, and how far it is. Owns all of it.</summary>
internal sealed class TrainingState : IDisposable
{
    public TrainingState(UNet2DDescription description, Device device, double beta2)
    {
        Network = new(description, device, trainable: true);
        Average = new(description, device);
        Parameters = new(Network);
        Optimizer = new(Parameters.Values, beta2: beta2);
        Average.eval();
    }

    /// <summary>The network being trained.</summary>
    public UNet2DModel Network { get; }

    /// <summary>A network of the same shape whose parameters are the running average: what samples are drawn from and what is saved.</summary>
    public UNet2DModel Average { get; }

    public FlatParameters Parameters { get; }

    public RAdam Optimizer { get; }

    public long ImagesSeen { get; set; }

    /// <summary>Copies the network's parameters into the average: the start of a run.</summary>
    public void RestartAverage()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Average.FlatParameters.copy_(Parameters.Values);
    }

    public void Dispose()
    {
        Optimizer.Dispose();
        Parameters.Dispose();
        Average.Dispose();
        Network.Dispose();
    }
}
