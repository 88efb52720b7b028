using System.Diagnostics;
using System.Text.Json;

namespace ConsistencyModels.Training.Runs;

/// <summary>Gathers losses and writes a line every so many steps, to the run's log file and to whoever listens.</summary>
internal sealed class RunLog(string path, long imagesTotal, IProgress<TrainingProgress>? progress) : IDisposable
{
    private readonly StreamWriter _writer = new(path, append: true) { AutoFlush = true };
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private double _sum;
    private double _norm;
    private int _count;
    private int _skipped;
    private long _images;

    /// <summary>Adds a step; writes when enough have been gathered.</summary>
    public void Add(long step, long imagesSeen, int batch, double loss, double norm, double rate, int every)
    {
        _images += batch;
        if (double.IsFinite(loss) && double.IsFinite(norm))
        {
            _sum += loss;
            _count++;
            _norm = norm;
        }
        else
        {
            _skipped++;
        }

        if (_count + _skipped < every && imagesSeen < imagesTotal)
        {
            return;
        }

        var line = new TrainingProgress(step, imagesSeen, imagesTotal, _sum / Math.Max(_count, 1), _norm, rate, _images / _clock.Elapsed.TotalSeconds, _skipped);
        _writer.WriteLine(Json(line));
        progress?.Report(line);
        _clock.Restart();
        _sum = 0;
        _count = 0;
        _skipped = 0;
        _images = 0;
    }

    public void Dispose() => _writer.Dispose();

    private static string Json(TrainingProgress line)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("step", line.Step);
            json.WriteNumber("images", line.ImagesSeen);
            json.WriteNumber("loss", line.Loss);
            json.WriteNumber("gradient_norm", line.GradientNorm);
            json.WriteNumber("learning_rate", line.LearningRate);
            json.WriteNumber("images_per_second", Math.Round(line.ImagesPerSecond, 2));
            json.WriteNumber("skipped", line.Skipped);
            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
