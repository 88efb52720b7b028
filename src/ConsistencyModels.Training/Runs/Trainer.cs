using System.Diagnostics;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Data;
using ConsistencyModels.Data.Augmentation;
using ConsistencyModels.Engines;
using ConsistencyModels.Files;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Parallel;
using ConsistencyModels.Training.Records;
using ConsistencyModels.Training.Steps;

namespace ConsistencyModels.Training.Runs;

/// <summary>
/// Runs one training run: steps, log lines, checkpoints, sample grids, and at the end (or when cancelled) a checkpoint to
/// go on from. A run whose folder has a checkpoint continues it with the same losses as if it had never stopped.
/// </summary>
/// <example>
/// <code>
/// using var start = ModelReader.Open("runs/edm/model");
/// using var pictures = ImageDataSets.Open("pictures", new ImageDataSetOptions { Size = start.Config.SampleSize!.Value.Height });
/// var options = new TrainingOptions
/// {
///     Folder = "runs/mine",
///     Network = start.Config,
///     InitialModel = start,
///     Objective = ObjectiveCatalogue.Make("ect"),
///     Images = 1_000_000,
/// };
/// using var trainer = new Trainer(options, pictures, EngineRegistry.Managed);
/// trainer.Run(cancellationToken: stop);   // a token; once cancelled, it saves, and the same lines go on
/// </code>
/// </example>
public sealed class Trainer : IDisposable
{
    private const int MostSkippedInARow = 10;
    private readonly TrainingOptions _options;
    private readonly IImageDataSet _data;
    private readonly RunFolder _folder;
    private readonly ITrainableUNet _network;
    private readonly TrainingState _state;
    private readonly TrainingStep _step;
    private readonly IUNet? _teacher;
    private readonly BatchSource _batches;
    private readonly Dictionary<string, string> _identity;
    private readonly FileLock? _lock;
    private BatchPrefetcher<TrainingBatch>? _prefetched;
    private BufferedUNet? _average;
    private int _skippedInARow;
    private bool _betweenSteps;

    /// <summary>Opens a run: fresh, from initial weights, or from its latest checkpoint.</summary>
    /// <param name="options">What to train and how.</param>
    /// <param name="data">The images; the caller keeps them.</param>
    /// <param name="engines">Engines to train with, and to run the teacher with.</param>
    /// <param name="cancellationToken">Ends the opening.</param>
    /// <exception cref="ConsistencyModelsException">The data do not fit the network, the folder holds another run, or another trainer is at work in it.</exception>
    public Trainer(TrainingOptions options, IImageDataSet data, EngineRegistry engines, CancellationToken cancellationToken = default)
    {
        ThrowIfInvalid(options, data);
        ArgumentNullException.ThrowIfNull(engines);
        options = options with { Network = options.Network with { SampleSize = new(data.Height, data.Width) } };
        _data = data;

        // What is asked for and cannot be had is found out before anything is written.
        var compute = new EngineOptions { Device = options.Device, Threads = options.Threads, DType = options.Precision };
        var engine = engines.ForTraining(compute, options.Engine);
        _options = options = options with { Engine = engine.Name };
        _network = engine.Create(UNet2DDescription.Of(options.Network, options.Augment > 0 ? AugmentationOptions.Edm.LabelCount : 0), compute);
        try
        {
            var processes = options.Processes;
            _folder = new(options.Folder);

            // One process writes; the others only read what it left.
            _lock = processes.Rank == 0 ? _folder.Lock() : null;
            _identity = RunIdentity.Of(options, data, options.Teacher is { } hashed ? TeacherHash.Of(hashed) : null);
            _batches = new(data, options.Batch, options.Seed, options.Flip, options.Network.NumClassEmbeds is not null, processes.Rank, processes.Count, options.Augment);
            _state = new(_network, options.Objective, options.Averages) { ScheduleImages = options.Images };
            var scales = options.Precision == TensorDType.F16;
            _state.LossScale = scales ? LossScale.Start : LossScale.None;
            if (processes.Rank == 0)
            {
                _folder.RemoveLeftovers();
                string?[] notes = [StartingPoint.Set(_state, options, _folder, _identity), .. _state.ImagesSeen > 0 ? ChangedSince(engine.DependsOnThreads) : []];
                Notes = [.. notes.OfType<string>()];
            }

            SameEverywhere(processes, _identity);
            _state.Share(processes);
            Teacher? teacher = null;
            if (options.Teacher is { } model && !options.Objective.StudentBecomesTeacher && options.Objective.Needs.Contains(NetworkRole.Teacher))
            {
                using var weights = model.OpenWeights();
                var single = compute with { DType = TensorDType.F32 };
                _teacher = engines.For(single).Load(model.Config, weights, single, cancellationToken);
                teacher = new(_teacher, model.Preconditioning);
            }

            _step = new(_state, options.Optimizer, teacher) { ClipNorm = options.ClipNorm, ScalesLoss = scales, Processes = processes };
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Whether a run makes sense, before anything is made of it; what only its folder tells is found out when it is opened.</summary>
    /// <param name="options">What to train and how.</param>
    /// <param name="data">The images.</param>
    /// <exception cref="ConsistencyModelsException">Data, network, objective, teacher or processes do not fit each other.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public static void ThrowIfInvalid(TrainingOptions options, IImageDataSet data)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(data);
        TrainingChecks.ThrowIfInvalid(options, data);
    }

    /// <summary>Images learnt from so far; more than 0 right after opening means the run was resumed.</summary>
    public long ImagesSeen => _state.ImagesSeen;

    /// <summary>
    /// What the user should know about how the run was opened, a line each: that its newest checkpoint is damaged and an older one was taken;
    /// that it is trained otherwise than before; that it keeps the schedule of the length it began with. Process 0 knows.
    /// </summary>
    public IReadOnlyList<string> Notes { get; } = [];

    /// <summary>What the user should know about the run's records, or null: that the plot of the loss could not be replaced.</summary>
    public string? RecordsNote { get; private set; }

    /// <summary>The network with the average that becomes the model, as samplers see it; owned by the trainer.</summary>
    public IUNet Average => _average ??= new(_network, _state.Averages[0]);

    /// <summary>What the run carries; owned by the trainer.</summary>
    public TrainingState State => _state;

    /// <summary>Files of the run.</summary>
    public RunFolder Folder => _folder;

    /// <summary>
    /// Trains until all images are seen or the token is cancelled; a checkpoint and the model are saved either way. A checkpoint is also saved
    /// when anything but a step fails.
    /// </summary>
    /// <param name="progress">Receives every log line.</param>
    /// <param name="cancellationToken">Stops after the current step.</param>
    /// <returns>True if the run is complete, false if it was cancelled.</returns>
    /// <exception cref="ConsistencyModelsException">The loss is no longer finite: the run stops without saving over the last checkpoint.</exception>
    public bool Run(IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        var writes = _options.Processes.Rank == 0;
        using var records = writes ? RunRecords.Open(_folder.Root, RunWords.Of(_options, _data, _identity), _state.ImagesSeen) : null;
        using var log = records is null ? null : new RunLog(_folder.Log, _options, records, _state, progress);
        var sinceCheckpoint = Stopwatch.StartNew();
        var sinceSamples = Stopwatch.StartNew();
        try
        {
            while (_state.ImagesSeen < _options.Images && !Stops(cancellationToken))
            {
                var before = _state.ImagesSeen;
                var (loss, norm, rate) = Step();
                log?.Add(_state.OptimizerSteps, _state.ImagesSeen, loss, norm, rate);
                if (writes && _options.Evaluation is { } evaluation && (before / evaluation.EveryImages < _state.ImagesSeen / evaluation.EveryImages || _state.ImagesSeen >= _options.Images))
                {
                    EvaluateUnlessCancelled(evaluation, records, cancellationToken);
                }

                if (writes && sinceSamples.Elapsed >= _options.SampleEvery)
                {
                    SaveSamplesUnlessCancelled(records, cancellationToken);
                    sinceSamples.Restart();
                }

                if (writes && sinceCheckpoint.Elapsed >= _options.CheckpointEvery)
                {
                    RecordsNote = records?.Checkpoint();
                    SaveCheckpoint();
                    sinceCheckpoint.Restart();
                }
            }
        }
        catch when (writes && _betweenSteps)
        {
            SaveWhatCanBe(records);
            throw;
        }

        var complete = _state.ImagesSeen >= _options.Images;
        if (!writes)
        {
            return complete;
        }

        // The model of a run that was stopped can be looked at, and started from.
        RecordsNote = records?.Checkpoint();
        SaveCheckpoint();
        SaveModel();
        if (complete)
        {
            SaveSamplesUnlessCancelled(records, cancellationToken);
        }

        return complete;
    }

    /// <summary>One optimizer step.</summary>
    /// <returns>Mean loss, gradient norm and step size.</returns>
    /// <exception cref="ConsistencyModelsException">Loss or gradient was not finite too many times in a row.</exception>
    public (double Loss, double GradientNorm, double LearningRate) Step()
    {
        var index = _state.ImagesSeen / _options.Batch;
        var steps = StepsOf(_options.Images);

        // The next batch and its noise are made while this one is learnt from.
        _prefetched ??= new((step, _) => _batches.Next(step), index, Math.Max(steps, index + 1));
        var batch = _prefetched.Step < steps ? _prefetched.Next() : _batches.Next(index);
        var micro = _options.MicroBatch > 0 ? _options.MicroBatch : _options.Batch;
        var rate = LearningRate.At(_options, _state.ImagesSeen);
        _betweenSteps = false;
        var result = _step.Run(batch, Clock(), rate, micro);
        if (result.Skipped)
        {
            Skip(result);
        }
        else
        {
            _skippedInARow = 0;
        }

        _betweenSteps = true;
        return (result.Loss, result.GradientNorm, rate);
    }

    /// <summary>Saves the run's state and deletes the oldest checkpoints.</summary>
    public void SaveCheckpoint()
    {
        TrainingCheckpoint.Save(_folder.Checkpoint(_state.ImagesSeen), _state, _identity);
        _folder.Prune(_options.KeepCheckpoints);
    }

    /// <summary>Saves the averaged model to <see cref="RunFolder.Model"/>, and those of the other averages beside it.</summary>
    public void SaveModel()
    {
        for (var i = 0; i < _state.Averages.Count; i++)
        {
            ModelWriter.Write(
                ModelExport.Of(_network.Description, _state.Averages[i], _options.Objective, _data.ClassNames),
                i == 0 ? _folder.Model : _folder.ModelOf(_options.Averages[i]));
        }
    }

    /// <summary>Draws a grid from the averaged model: a row for each class, the same noise each time.</summary>
    /// <returns>The picture, a PNG.</returns>
    public byte[] SaveSamples(CancellationToken cancellationToken = default) =>
        SampleGrid.Save(_folder.Sample(_state.ImagesSeen), Average, _options, Clock(), cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _prefetched?.Dispose();
        _teacher?.Dispose();
        _average?.Dispose();
        _state?.Dispose();
        _network?.Dispose();
        _lock?.Dispose();
    }

    // A log that cannot be written or a caller's mistake in its progress is no reason to lose the steps since the last checkpoint.
    private void SaveWhatCanBe(RunRecords? records)
    {
        foreach (var save in (Action[])[() => records?.Checkpoint(), SaveCheckpoint])
        {
            try
            {
                save();
            }
            catch (ConsistencyModelsException)
            {
                // The first failure is the one to report.
            }
        }
    }

    // One bad step is left out, as the original trainers do by zeroing such gradients; a row of them means the run is lost.
    private void Skip(StepResult result)
    {
        if (++_skippedInARow >= MostSkippedInARow && (!_step.ScalesLoss || _state.LossScale.Factor <= 1))
        {
            var place = ParameterFiles.FirstNotFinite(_network.Description, _network.Gradients) is { } name ? $", first in the gradient of {name}" : "";
            throw new ConsistencyModelsException(
                $"{_folder.Root}: the loss is {result.Loss} and the gradient's norm {result.GradientNorm} at image {_state.ImagesSeen}{place}, {_skippedInARow} steps in a row; go on from the last checkpoint with a smaller learning rate");
        }
    }

    // With other pictures or settings in one process its share would be of another batch.
    private static void SameEverywhere(ICollective processes, Dictionary<string, string> identity)
    {
        var text = string.Join('\n', identity.OrderBy(word => word.Key, StringComparer.Ordinal).Select(word => $"{word.Key} {word.Value}"));
        var own = Array.ConvertAll(XxHash128.Hash(Encoding.UTF8.GetBytes(text)), value => (float)value);
        var first = (float[])own.Clone();
        processes.Broadcast(first);
        if (!own.AsSpan().SequenceEqual(first))
        {
            throw new ConsistencyModelsException("this process has other pictures or settings than process 0: the data are to be the same in all of them");
        }
    }

    private TrainingClock Clock() => new(_state.ImagesSeen / _options.Batch, _state.ImagesSeen, StepsOf(_state.ScheduleImages));

    private long StepsOf(long images) => (images + _options.Batch - 1) / _options.Batch;

    private IEnumerable<string?> ChangedSince(bool dependsOnThreads)
    {
        yield return RunChanges.Describe(_options, RunWords.Of(_options, _data, _identity), _state.ImagesSeen, dependsOnThreads);
        if (_options.Objective.FollowsLength && _options.Images != _state.ScheduleImages)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"the run began with a length of {_state.ScheduleImages} images, and {_options.Objective.Name} keeps the schedule of that; {_options.Images} is only where it ends now. A schedule of another length is another run");
        }
    }

    // Processes stop together, whichever of them was told to.
    private bool Stops(CancellationToken cancellationToken) => _options.Processes.Any(cancellationToken.IsCancellationRequested);

    private void EvaluateUnlessCancelled(PeriodicEvaluation evaluation, RunRecords? records, CancellationToken cancellationToken)
    {
        try
        {
            using var model = ModelExport.Of(_network.Description, _state.Averages[0], _options.Objective, _data.ClassNames);
            records?.Metrics(evaluation.Measure(model, cancellationToken), _state.ImagesSeen);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // As for samples.
        }
    }

    private void SaveSamplesUnlessCancelled(RunRecords? records, CancellationToken cancellationToken)
    {
        try
        {
            records?.Image("samples", SaveSamples(cancellationToken), _state.ImagesSeen);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The run stops and saves, it does not fail; the next grid is drawn when it goes on.
        }
    }
}
