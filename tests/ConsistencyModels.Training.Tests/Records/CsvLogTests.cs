using ConsistencyModels.Training.Records;

namespace ConsistencyModels.Training.Tests.Records;

public class CsvLogTests
{
    private const string Header = "step,images,loss,gradient_norm,learning_rate,images_per_second,skipped\n";

    [Fact]
    public void Rows_are_written_as_any_culture_reads_them()
    {
        using var folder = new TempFolder();
        var path = folder.File("loss.csv");
        using (var log = new CsvLog(path, 0))
        {
            log.Add(new(50, 3200, 0.1 + 0.2, 12345.678, 1e-5, 99.987654, 2));
            log.Add(new(100, 6400, double.NaN, double.PositiveInfinity, 0, 0, 50));
        }

        Assert.Equal(Header + "50,3200,0.30000000000000004,12345.678,1E-05,99.99,2\n100,6400,,,0,0,50\n", File.ReadAllText(path));
    }

    [Fact]
    public void Rows_are_read_as_they_were_written()
    {
        using var folder = new TempFolder();
        var path = folder.File("loss.csv");
        var rows = SampleRows.Of(5000).Select(row => row with { ImagesPerSecond = Math.Round(row.ImagesPerSecond, 2) }).ToArray();
        using var log = new CsvLog(path, 0);
        foreach (var row in rows)
        {
            log.Add(row);
        }

        // Also while the file is still open.
        Assert.Equal(rows, CsvLog.Read(path));
    }

    [Fact]
    public void A_run_that_goes_on_has_every_image_once()
    {
        using var folder = new TempFolder();
        var path = folder.File("loss.csv");
        var rows = SampleRows.Of(20, batch: 1, every: 10).ToArray();
        Write(path, 0, rows[..12]);

        // The checkpoint was taken after row 7, between two lines.
        Write(path, 75, rows[7..]);
        Assert.Equal(rows.Select(row => row.Images), CsvLog.Read(path).Select(row => row.Images));
        Assert.Equal(Header, File.ReadAllText(path)[..Header.Length]);

        // From 0 it is another run.
        Write(path, 0, rows[..1]);
        Assert.Single(CsvLog.Read(path));
    }

    [Fact]
    public void A_torn_line_and_all_behind_it_go()
    {
        using var folder = new TempFolder();
        var path = folder.File("loss.csv");
        var rows = SampleRows.Of(4, batch: 1, every: 10).ToArray();
        Write(path, 0, rows);
        var whole = File.ReadAllText(path);

        // Whole but for its end, "skipped" may have lost a digit: it does not count.
        foreach (var torn in new[] { whole[..^1], whole[..^9], whole + "50,50,0.1,", whole + "\0\0\0\0\0\0\0\0", whole + new string('9', 100_000) })
        {
            File.WriteAllText(path, torn);
            var kept = torn.Length < whole.Length ? 3 : 4;
            Assert.Equal(rows[..kept].Select(row => row.Step), CsvLog.Read(path).Select(row => row.Step));
            Write(path, 1000, [rows[3] with { Step = 77 }]);
            Assert.Equal([.. rows[..kept].Select(row => row.Step), 77], CsvLog.Read(path).Select(row => row.Step));
            Assert.EndsWith(",0\n", File.ReadAllText(path), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("1,2,3,4,5,6")]
    [InlineData("1,2,3,4,5,6,7,8")]
    [InlineData("1,2,3,4,5,6,x")]
    [InlineData("1,2,3,4,5,6,2147483648")]
    [InlineData("1,-2,3,4,5,6,7")]
    [InlineData("1,2,0x3,4,5,6,7")]
    [InlineData("1,2,1e999,4,5,6,7")]
    [InlineData("")]
    public void What_is_no_row_is_not_read_as_one(string line) => Assert.False(LogRow.TryParse(System.Text.Encoding.UTF8.GetBytes(line), out _));

    [Theory]
    [InlineData("")]
    [InlineData("step,ima")]
    [InlineData("step,images,loss,gradient_norm,learning_rate,images_per_second,skipped")]
    public void A_file_that_was_killed_at_birth_begins_anew(string text)
    {
        using var folder = new TempFolder();
        var path = folder.File("loss.csv");
        File.WriteAllText(path, text);
        Write(path, 100, []);
        Assert.Equal(Header, File.ReadAllText(path));
    }

    [Theory]
    [InlineData("epoch,loss\n1,0.5\n")]
    [InlineData("my notes")]
    public void Someone_elses_file_is_left_alone(string text)
    {
        using var folder = new TempFolder();
        var path = folder.File("loss.csv");
        File.WriteAllText(path, text);
        var e = Assert.Throws<ConsistencyModelsException>(() => new CsvLog(path, 0));
        Assert.Equal($"{path}: its first line is not that of a run's log, \"{Header.TrimEnd()}\"; move the file away, or choose another run folder", e.Message);
        Assert.Equal(text, File.ReadAllText(path));
    }

    [Fact]
    public void A_full_disk_is_said_in_one_line()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "there is no device that is always full");
        using var file = new AppendedFile("/dev/full", FileMode.Open);
        var e = Assert.Throws<ConsistencyModelsException>(() => file.Append("row\n"u8));
        Assert.Equal("/dev/full: disk is full; the run stops", e.Message);
    }

    private static void Write(string path, long images, LogRow[] rows)
    {
        using var log = new CsvLog(path, images);
        foreach (var row in rows)
        {
            log.Add(row);
        }
    }
}
