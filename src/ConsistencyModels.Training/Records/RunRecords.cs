using ConsistencyModels.Files;

namespace ConsistencyModels.Training.Records;

/// <summary>
/// What a run leaves for people to read, in its folder: <c>run.json</c> and <c>run-history.jsonl</c> (how it was made), <c>loss.csv</c>,
/// <c>loss.png</c>, <c>metrics.jsonl</c>, and TensorBoard's event files. One process keeps them. Not safe for use by several threads at once.
/// </summary>
/// <remarks>
/// Everywhere the clock is the number of images learnt from, on TensorBoard's axis as well: runs of different batches can be compared,
/// and a step that was left out does not stop it. Memory does not grow with the run.
/// </remarks>
internal sealed class RunRecords : IDisposable
{
    private readonly string _folder;
    private readonly string _csvPath;
    private readonly string _plotPath;
    private readonly CsvLog _csv;
    private readonly TensorBoardWriter _board;
    private long _images;

    private RunRecords(string folder, CsvLog csv, TensorBoardWriter board, string csvPath, long images)
    {
        _csv = csv;
        _board = board;
        _csvPath = csvPath;
        _folder = folder;
        _plotPath = Path.Combine(folder, "loss.png");
        _images = images;
    }

    /// <summary>Opens the records of a run that begins, or goes on from a checkpoint.</summary>
    /// <param name="folder">The run's folder; it must exist.</param>
    /// <param name="description">The configuration of this process.</param>
    /// <param name="images">Images learnt from. What is recorded of later ones is taken out: it comes again.</param>
    /// <param name="clock">Tells the time; the system's by default.</param>
    /// <exception cref="ConsistencyModelsException">A file cannot be written, or one that is there is not the run's or damaged.</exception>
    public static RunRecords Open(string folder, RunDescription description, long images, TimeProvider? clock = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(description);
        ArgumentOutOfRangeException.ThrowIfNegative(images);
        var csvPath = Path.Combine(folder, "loss.csv");
        var csv = new CsvLog(csvPath, images);
        try
        {
            RunHistory.Record(folder, description, images, (clock ?? TimeProvider.System).GetUtcNow());
            return new(folder, csv, new TensorBoardWriter(folder, images + 1, clock), csvPath, images);
        }
        catch
        {
            csv.Dispose();
            throw;
        }
    }

    /// <summary>Adds a row of the log.</summary>
    /// <exception cref="ConsistencyModelsException">The disk is full, or a file cannot be written.</exception>
    public void Add(in LogRow row)
    {
        _csv.Add(row);
        _images = row.Images;
        _board.Scalars(
            row.Images,
            ("loss", row.Loss),
            ("gradient_norm", row.GradientNorm),
            ("learning_rate", row.LearningRate),
            ("images_per_second", row.ImagesPerSecond),
            ("skipped", row.Skipped));
    }

    /// <summary>Adds a picture, such as a sample grid.</summary>
    /// <param name="name">What it shows; pictures of one name are one row with a slider.</param>
    /// <param name="png">A PNG file.</param>
    /// <param name="images">Images learnt from.</param>
    /// <exception cref="ArgumentException">It is not a PNG.</exception>
    /// <exception cref="ConsistencyModelsException">The disk is full, or the file cannot be written.</exception>
    public void Image(string name, ReadOnlySpan<byte> png, long images) => _board.Image(images, name, png);

    /// <summary>Adds numbers that tell how good the model is, to <c>metrics.jsonl</c> and TensorBoard's events.</summary>
    /// <param name="metrics">Numbers with their names.</param>
    /// <param name="images">Images learnt from.</param>
    /// <exception cref="ConsistencyModelsException">The disk is full, or a file cannot be written.</exception>
    public void Metrics(IReadOnlyList<KeyValuePair<string, double>> metrics, long images)
    {
        MetricsLog.Add(Path.Combine(_folder, MetricsLog.Name), metrics, images);
        _board.Scalars(images, [.. metrics.Select(metric => (metric.Key, metric.Value))]);
    }

    /// <summary>
    /// Puts everything on the disk and draws the plot anew. Called before a checkpoint is saved, so that what it stands on is recorded
    /// even after a power cut.
    /// </summary>
    /// <returns>Why the plot could not be replaced, in one line; null if it was. It is tried again at the next checkpoint.</returns>
    /// <exception cref="ConsistencyModelsException">The disk is full, or a file cannot be written.</exception>
    public string? Checkpoint()
    {
        _csv.Flush();
        _board.Flush();
        try
        {
            LossPlot.Save(_plotPath, CsvLog.Read(_csvPath), _images, MetricsLog.Read(Path.Combine(_folder, MetricsLog.Name)));
            return null;
        }
        catch (ConsistencyModelsException e) when (e.InnerException is not IOException io || !AtomicFile.IsDiskFull(io))
        {
            // A program that shows the picture may hold it (on Windows): no reason to end a run of days.
            return e.Message;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _csv.Dispose();
        _board.Dispose();
    }
}
