using System.Diagnostics;
using ConsistencyModels.Data;
using ConsistencyModels.Files;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Torch;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Optimization;
using static TorchSharp.torch;

namespace ConsistencyModels.Training.Runs;

/// <summary>
/// Runs one training run: steps, log lines, checkpoints, sample grids, and at the end (or when cancelled) a checkpoint to
/// go on from. A run whose folder has a checkpoint continues it with the same losses as if it had never stopped.
/// </summary>
public sealed class Trainer : IDisposable
{
    private const int MostSkippedInARow = 10;
    private readonly TrainingOptions _options;
    private readonly IImageDataSet _data;
    private readonly RunFolder _folder;
    private readonly TrainingState _state;
    private readonly BatchSource _batches;
    private readonly Denoise _denoise;
    private readonly Dictionary<string, string> _identity;
    private readonly Device _device;
    private readonly FileLock _lock;
    private int _skippedInARow;

    /// <summary>Opens a run: fresh, from initial weights, or from its latest checkpoint.</summary>
    /// <param name="options">What to train and how.</param>
    /// <param name="data">The images; the caller keeps them.</param>
    /// <exception cref="ConsistencyModelsException">The data do not fit the network, the folder holds another run, or another trainer is at work in it.</exception>
    public Trainer(TrainingOptions options, IImageDataSet data)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(data);
        TrainingChecks.ThrowIfInvalid(options, data);
        options = options with { Network = options.Network with { SampleSize = new(data.Height, data.Width) } };
        _options = options;
        _data = data;
        _device = TorchDevice.Prepare(options.Device, options.Threads);
        _folder = new(options.Folder);
        _identity = TrainingChecks.Identity(options, data);
        _batches = new(data, options.Batch, options.Seed, options.Flip, options.Network.NumClassEmbeds is not null);
        _lock = _folder.Lock();
        try
        {
            _state = new(UNet2DDescription.Of(options.Network), _device, options.Beta2);
            _denoise = TensorPreconditioning.Edm(_state.Network, options.Objective.SigmaData);
            _folder.RemoveLeftovers();
            Note = StartingPoint.Set(_state, options, _folder, _identity);
        }
        catch
        {
            _state?.Dispose();
            _lock.Dispose();
            throw;
        }
    }

    /// <summary>Images learnt from so far; more than 0 right after opening means the run was resumed.</summary>
    public long ImagesSeen => _state.ImagesSeen;

    /// <summary>What the user should know about how the run was opened, or null: that its newest checkpoint is damaged and an older one was taken.</summary>
    public string? Note { get; }

    /// <summary>The running average of the network's parameters; owned by the trainer.</summary>
    public UNet2DModel Average => _state.Average;

    /// <summary>Files of the run.</summary>
    public RunFolder Folder => _folder;

    /// <summary>Trains until all images are seen or the token is cancelled; a checkpoint and the model are saved either way.</summary>
    /// <param name="progress">Told of every log line.</param>
    /// <param name="cancellationToken">Stops after the current step.</param>
    /// <returns>True if the run is complete, false if it was cancelled.</returns>
    /// <exception cref="ConsistencyModelsException">The loss is no longer finite: the run stops without saving over the last checkpoint.</exception>
    public bool Run(IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        using var log = new RunLog(_folder.Log, _options, _state.ImagesSeen, progress);
        var sinceCheckpoint = Stopwatch.StartNew();
        var sinceSamples = Stopwatch.StartNew();
        while (_state.ImagesSeen < _options.Images && !cancellationToken.IsCancellationRequested)
        {
            var (loss, norm, rate) = Step();
            log.Add(_state.Optimizer.Steps, _state.ImagesSeen, loss, norm, rate);
            if (sinceSamples.Elapsed >= _options.SampleEvery)
            {
                SaveSamplesUnlessCancelled(cancellationToken);
                sinceSamples.Restart();
            }

            if (sinceCheckpoint.Elapsed >= _options.CheckpointEvery)
            {
                SaveCheckpoint();
                sinceCheckpoint.Restart();
            }
        }

        // The model of a run that was stopped can be looked at, and started from.
        SaveCheckpoint();
        SaveModel();
        if (_state.ImagesSeen < _options.Images)
        {
            return false;
        }

        SaveSamplesUnlessCancelled(cancellationToken);
        return true;
    }

    /// <summary>One optimizer step.</summary>
    /// <returns>Mean loss, gradient norm and step size.</returns>
    /// <exception cref="ConsistencyModelsException">Loss or gradient was not finite too many times in a row.</exception>
    public (double Loss, double GradientNorm, double LearningRate) Step()
    {
        using var scope = NewDisposeScope();
        _state.Network.train();
        _state.Parameters.ZeroGradients();
        var whole = _batches.Next(_state.ImagesSeen / _options.Batch).To(_device) with { Dropout = _state.Network.Dropout };
        var micro = _options.MicroBatch > 0 ? _options.MicroBatch : _options.Batch;
        var total = 0.0;
        for (var done = 0; done < _options.Batch; done += micro)
        {
            total += Accumulate(whole, done, Math.Min(micro, _options.Batch - done));
        }

        var norm = _state.Parameters.Gradients.norm().item<float>();
        var rate = LearningRate.At(_options, _state.ImagesSeen);
        var beta = ExponentialAverage.Beta(_options.Batch, _state.ImagesSeen, _options.AverageHalfLife, _options.AverageRampRatio);
        _state.ImagesSeen += _options.Batch;
        if (!double.IsFinite(total) || !float.IsFinite(norm))
        {
            Skip(total, norm);
            return (total, norm, rate);
        }

        _skippedInARow = 0;
        _state.Optimizer.Step(_state.Parameters.Values, _state.Parameters.Gradients, rate);
        ExponentialAverage.Update(_state.Average.FlatParameters, _state.Parameters.Values, beta);
        return (total, norm, rate);
    }

    /// <summary>Saves the run's state and deletes the oldest checkpoints.</summary>
    public void SaveCheckpoint()
    {
        TrainingCheckpoint.Save(_folder.Checkpoint(_state.ImagesSeen), _state, _identity);
        _folder.Prune(_options.KeepCheckpoints);
    }

    /// <summary>Saves the averaged model to <see cref="RunFolder.Model"/>.</summary>
    public void SaveModel() =>
        ModelWriter.Write(ModelExport.Of(_state.Average, _options.Objective, _data.ClassNames), _folder.Model);

    /// <summary>Draws a grid from the averaged model: a row for each class, the same noise each time.</summary>
    public void SaveSamples(CancellationToken cancellationToken = default) =>
        SampleGrid.Save(_folder.Sample(_state.ImagesSeen), _state.Average, _options, cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _state.Dispose();
        _lock.Dispose();
    }

    // One bad step is left out, as the original trainers do by zeroing such gradients; a row of them means the run is lost.
    private void Skip(double loss, double norm)
    {
        if (++_skippedInARow >= MostSkippedInARow)
        {
            throw new ConsistencyModelsException(
                $"{_folder.Root}: the loss is {loss} and the gradient's norm {norm} at image {_state.ImagesSeen}, {_skippedInARow} steps in a row; go on from the last checkpoint with a smaller learning rate");
        }
    }

    private void SaveSamplesUnlessCancelled(CancellationToken cancellationToken)
    {
        try
        {
            SaveSamples(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The run stops and saves, it does not fail; the next grid is drawn when it goes on.
        }
    }

    // Adds the gradient of a part's share of the mean loss, and returns that share.
    private double Accumulate(TrainingBatch whole, int first, int count)
    {
        using var scope = NewDisposeScope();
        var loss = _options.Objective.Losses(_denoise, whole.Slice(first, count), _state.ImagesSeen).sum().Over(_options.Batch);
        loss.backward();
        return loss.item<float>();
    }
}
