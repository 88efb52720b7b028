using System.Diagnostics;
using System.Text.Json;
using ConsistencyModels.Files;
using ConsistencyModels.Training.Records;
using ConsistencyModels.Training.Steps;

namespace ConsistencyModels.Training.Runs;

/// <summary>Gathers losses and writes a line every so many steps, to the run's log file and to whoever listens.</summary>
internal sealed class RunLog : IDisposable
{
    private readonly string _path;
    private readonly TrainingOptions _options;
    private readonly IProgress<TrainingProgress>? _progress;
    private readonly StreamWriter _writer;
    private readonly RunRecords _records;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly TrainingState _state;
    private double _norm;
    private int _steps;

    /// <summary>
    /// Opens the log. Lines of steps that a killed run had made after its last checkpoint are taken out: they come again. Losses between the
    /// last line and the checkpoint are in the state, so that the next line is that of a run that never stopped.
    /// </summary>
    /// <exception cref="ConsistencyModelsException">It cannot be written.</exception>
    public RunLog(string path, TrainingOptions options, RunRecords records, TrainingState state, IProgress<TrainingProgress>? progress)
    {
        _path = path;
        _records = records;
        _options = options;
        _state = state;
        _progress = progress;
        try
        {
            Trim(path, state.ImagesSeen);
            _writer = new StreamWriter(path, append: true) { AutoFlush = true };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failure(e);
        }
    }

    /// <summary>Adds a step; writes a line when enough have been gathered.</summary>
    public void Add(long step, long imagesSeen, double loss, double norm, double rate)
    {
        var finite = double.IsFinite(loss) && double.IsFinite(norm);
        _norm = finite ? norm : _norm;
        _steps++;
        var gathered = _state.Unlogged = _state.Unlogged.With(finite ? loss : null);

        // By the run's steps and not those of this process, so that a resumed run writes at the same places.
        if (imagesSeen / _options.Batch % _options.LogEverySteps != 0 && imagesSeen < _options.Images)
        {
            return;
        }

        var speed = _steps * _options.Batch / _clock.Elapsed.TotalSeconds;
        var line = new TrainingProgress(step, imagesSeen, _options.Images, gathered.Mean, _norm, rate, speed, gathered.Skipped);
        try
        {
            _writer.WriteLine(Json(line));
        }
        catch (IOException e)
        {
            throw Failure(e);
        }

        _records.Add(new(line.Step, line.ImagesSeen, line.Loss, line.GradientNorm, line.LearningRate, line.ImagesPerSecond, line.Skipped));
        _clock.Restart();
        _steps = 0;
        _state.Unlogged = default; // before the caller is told, who may end the run: what is written is not to be counted again
        _progress?.Report(line);
    }

    public void Dispose() => _writer.Dispose();

    private static void Trim(string path, long imagesSeen)
    {
        if (!File.Exists(path))
        {
            return;
        }

        var lines = File.ReadAllLines(path);
        var kept = lines.TakeWhile(line => ImagesOf(line) is { } images && images <= imagesSeen).ToArray();
        if (kept.Length < lines.Length)
        {
            AtomicFile.WriteAllText(path, string.Concat(kept.Select(line => line + "\n")));
        }
    }

    // Null for what is no line of ours: the last one of a killed process.
    private static long? ImagesOf(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.GetProperty("images").GetInt64();
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static string Json(TrainingProgress line)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("step", line.Step);
            json.WriteNumber("images", line.ImagesSeen);
            WriteLoss(json, line.Loss);
            json.WriteNumber("gradient_norm", line.GradientNorm);
            json.WriteNumber("learning_rate", line.LearningRate);
            json.WriteNumber("images_per_second", Math.Round(line.ImagesPerSecond, 2));
            json.WriteNumber("skipped", line.Skipped);
            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    // Where every step was left out there is none.
    private static void WriteLoss(Utf8JsonWriter json, double loss)
    {
        if (double.IsFinite(loss))
        {
            json.WriteNumber("loss", loss);
        }
        else
        {
            json.WriteNull("loss");
        }
    }

    private ConsistencyModelsException Failure(Exception e) => new(
        e is IOException io && AtomicFile.IsDiskFull(io) ? $"{_path}: disk is full; the run stops" : $"{_path}: cannot be written: {e.Message.ReplaceLineEndings(" ")}", e);
}
