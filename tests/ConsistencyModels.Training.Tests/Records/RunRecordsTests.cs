using ConsistencyModels.Imaging;
using ConsistencyModels.Training.Records;

namespace ConsistencyModels.Training.Tests.Records;

public class RunRecordsTests
{
    private static readonly RunDescription Description = new(new RunSection("run", ("seed", 1)));

    [Fact]
    public void A_run_that_is_killed_and_goes_on_is_recorded_as_one()
    {
        using var folder = new TempFolder();
        var rows = SampleRows.Of(40, batch: 8, every: 10).ToArray();
        var grid = ImageEncoder.Encode(TestImages.Noise(32, 32, 3, seed: 1));
        var checkpoint = rows[24].Images;

        // The first process sees more than its checkpoint.
        using (var killed = RunRecords.Open(folder.Path, Description, 0))
        {
            foreach (var row in rows[..30])
            {
                killed.Add(row);
                if (row == rows[24])
                {
                    killed.Image("samples", grid, row.Images);
                    Assert.Null(killed.Checkpoint());
                }
            }

            killed.Image("samples", grid, rows[29].Images);
        }

        using (var next = RunRecords.Open(folder.Path, Description, checkpoint))
        {
            foreach (var row in rows[25..])
            {
                next.Add(row);
            }

            Assert.Null(next.Checkpoint());
        }

        Assert.Equal(rows.Select(row => row.Images), CsvLog.Read(folder.File("loss.csv")).Select(row => row.Images));
        var shown = EventFile.Shown(folder.Path);
        Assert.Equal(rows.Select(row => (row.Images, (float)row.Loss)), shown.Where(one => one.Value.Tag == "loss").Select(one => (one.Step, one.Value.Scalar!.Value)));
        Assert.Equal([rows[24].Images], shown.Where(one => one.Value.Image is not null).Select(one => one.Step));
        Assert.Equal(
            ["gradient_norm", "images_per_second", "learning_rate", "loss", "samples", "skipped"],
            shown.Select(one => one.Value.Tag).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(["loss.csv", "loss.png", "run-history.jsonl", "run.json"], folder.Files.Select(path => Path.GetFileName(path)!).Where(name => !name.Contains("tfevents")).Order(StringComparer.Ordinal));
        Assert.Equal(1200, ImageDecoder.DecodeFile(folder.File("loss.png")).Width);
    }

    [Fact]
    public void A_plot_that_cannot_be_replaced_does_not_end_the_run()
    {
        using var folder = new TempFolder();
        using var records = RunRecords.Open(folder.Path, Description, 0);
        records.Add(SampleRows.Of(1).Single());
        Directory.CreateDirectory(folder.File("loss.png"));
        Assert.Equal($"{folder.File("loss.png")}: this is a folder, expected a file", records.Checkpoint());
        Directory.Delete(folder.File("loss.png"));
        Assert.Null(records.Checkpoint());
        Assert.True(File.Exists(folder.File("loss.png")));
    }

    [Fact]
    public void What_cannot_be_opened_leaves_nothing_open()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder.File("run.json"), "nonsense");
        Assert.Throws<ConsistencyModelsException>(() => RunRecords.Open(folder.Path, Description, 100));

        // The CSV is free again for a process that wants it for itself.
        using var alone = new FileStream(folder.File("loss.csv"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.DoesNotContain(folder.Files, path => path.Contains("tfevents", StringComparison.Ordinal));
    }
}

[Collection(Alone.Name)]
public class RecordsMemoryTests
{
    [Fact]
    public void Memory_does_not_grow_with_the_run()
    {
        using var folder = new TempFolder();
        using var records = RunRecords.Open(folder.Path, new RunDescription(), 0);
        var rows = SampleRows.Of(40_000).GetEnumerator();
        long After(int count)
        {
            for (var i = 0; i < count; i++)
            {
                rows.MoveNext();
                records.Add(rows.Current);
            }

            records.Checkpoint();
            return GC.GetTotalMemory(forceFullCollection: true);
        }

        var before = After(2_000);
        Assert.InRange(After(38_000) - before, long.MinValue, 2_000_000);
    }
}
