using System.Globalization;

namespace ConsistencyModels.Training.Records;

/// <summary>One line of a run's log, and how it stands in <c>loss.csv</c>.</summary>
/// <param name="Step">Optimizer steps so far.</param>
/// <param name="Images">Images learnt from so far: the clock of a run, by which it is trimmed and drawn.</param>
/// <param name="Loss">Mean loss since the last row; not finite where no step had a finite one.</param>
/// <param name="GradientNorm">Euclidean norm of the last gradient.</param>
/// <param name="LearningRate">Step size of the last step.</param>
/// <param name="ImagesPerSecond">Speed since the last row.</param>
/// <param name="Skipped">Steps since the last row that were left out because loss or gradient was not finite.</param>
internal readonly record struct LogRow(
    long Step, long Images, double Loss, double GradientNorm, double LearningRate, double ImagesPerSecond, int Skipped)
{
    /// <summary>The first line of the file.</summary>
    public const string Header = "step,images,loss,gradient_norm,learning_rate,images_per_second,skipped";

    private const int Columns = 7;

    /// <summary>The row as a line without its end. What is not finite is left empty, which spreadsheets and pandas read as missing.</summary>
    public string ToCsv() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Step},{Images},{Number(Loss)},{Number(GradientNorm)},{Number(LearningRate)},{Number(Math.Round(ImagesPerSecond, 2))},{Skipped}");

    /// <summary>Reads a line of <see cref="ToCsv"/>.</summary>
    /// <returns>False for anything else.</returns>
    public static bool TryParse(ReadOnlySpan<byte> line, out LogRow row)
    {
        row = default;
        Span<Range> cells = stackalloc Range[Columns];
        var count = 0;
        foreach (var cell in line.Split((byte)','))
        {
            if (count == Columns)
            {
                return false;
            }

            cells[count++] = cell;
        }

        if (count != Columns
            || !Whole(line[cells[0]], out var step)
            || !Whole(line[cells[1]], out var images)
            || !Number(line[cells[2]], out var loss)
            || !Number(line[cells[3]], out var norm)
            || !Number(line[cells[4]], out var rate)
            || !Number(line[cells[5]], out var speed)
            || !Whole(line[cells[6]], out var skipped)
            || skipped > int.MaxValue)
        {
            return false;
        }

        row = new(step, images, loss, norm, rate, speed, (int)skipped);
        return true;
    }

    private static string Number(double value) => double.IsFinite(value) ? value.ToString("R", CultureInfo.InvariantCulture) : "";

    private static bool Whole(ReadOnlySpan<byte> cell, out long value) =>
        long.TryParse(cell, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    private static bool Number(ReadOnlySpan<byte> cell, out double value)
    {
        value = double.NaN;
        return cell.IsEmpty || (double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value));
    }
}
