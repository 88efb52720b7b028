using System.Text;
using ConsistencyModels.Imaging;
using ConsistencyModels.Training.Records;

namespace ConsistencyModels.Training.Tests.Records;

public class TensorBoardWriterTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 27, 12, 0, 0, 250, TimeSpan.Zero);

    [Fact]
    public void The_check_sum_is_CRC_32C()
    {
        // RFC 3720, B.4; the first is the one of every list of check sums.
        Assert.Equal(0xe3069283u, Crc32C.Of("123456789"u8));
        Assert.Equal(0x8a9136aau, Crc32C.Of(new byte[32]));
        Assert.Equal(0x62a8ab43u, Crc32C.Of(Enumerable.Repeat((byte)0xff, 32).ToArray()));
        Assert.Equal(0x46dd794eu, Crc32C.Of([.. Enumerable.Range(0, 32).Select(i => (byte)i)]));
        Assert.Equal(0u, Crc32C.Of([]));
    }

    [Fact]
    public void A_file_begins_as_those_of_TensorFlow_do()
    {
        using var folder = new TempFolder();
        using var writer = new TensorBoardWriter(folder.Path, 1, new FixedClock(Noon));

        // 24 bytes, and the masked sum of that number, as in any event file.
        var bytes = ReadShared(writer.Path);
        Assert.Equal(Convert.FromHexString("1800000000000000a37f4b2209"), bytes[..13]);
        Assert.Equal("\x1a\rbrain.Event:2"u8.ToArray(), bytes[21..36]);
        Assert.StartsWith("events.out.tfevents." + Noon.ToUnixTimeSeconds() + ".", Path.GetFileName(writer.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void Scalars_come_back_with_step_and_time()
    {
        using var folder = new TempFolder();
        using (var writer = new TensorBoardWriter(folder.Path, 1, new FixedClock(Noon)))
        {
            writer.Scalars(25_600_000_000, ("loss", 0.125), ("größe/rate", 1e-4));
            writer.Scalars(25_600_000_001, ("loss", double.NaN), ("rate", 2), ("norm", double.PositiveInfinity), ("huge", 1e300));
        }

        var events = EventFile.Read(folder.Files.Single());
        Assert.Equal(["brain.Event:2", null, null, null], events.Select(e => e.Version));
        Assert.Equal([false, true, false, false], events.Select(e => e.Starts));
        Assert.All(events, e => Assert.Equal(Noon.ToUnixTimeMilliseconds() / 1000.0, e.Time));
        Assert.Equal([0, 1, 25_600_000_000, 25_600_000_001], events.Select(e => e.Step));
        Assert.Equal([new("loss", 0.125f, null), new BoardValue("größe/rate", 1e-4f, null)], events[2].Values);

        // What is not finite, in single precision too, is a gap.
        Assert.Equal([new BoardValue("rate", 2, null)], events[3].Values);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_picture_comes_back_as_it_was(int channels)
    {
        using var folder = new TempFolder();
        var png = ImageEncoder.Encode(TestImages.Noise(70, 50, channels, seed: 1));
        using (var writer = new TensorBoardWriter(folder.Path, 1))
        {
            writer.Image(640, "samples", png);
            Assert.Throws<ArgumentException>(() => writer.Image(640, "samples", Encoding.UTF8.GetBytes("no picture, but long enough to be one")));
        }

        var (step, value) = Assert.Single(EventFile.Shown(folder.Path));
        Assert.Equal(640, step);
        Assert.Equal("samples", value.Tag);
        Assert.Equal((50, 70, channels), (value.Image!.Height, value.Image.Width, value.Image.Channels));
        Assert.Equal(png, value.Image.Encoded);
    }

    [Fact]
    public void Steps_that_come_again_replace_those_of_before()
    {
        using var folder = new TempFolder();
        var clock = new FixedClock(Noon);
        using (var first = new TensorBoardWriter(folder.Path, 1, clock))
        {
            for (var step = 1; step <= 10; step++)
            {
                first.Scalars(step, ("loss", step));
            }
        }

        // In the same second, and then with a clock that was set back: names still go up.
        using (var second = new TensorBoardWriter(folder.Path, 7, clock))
        {
            second.Scalars(7, ("loss", 70));
            second.Scalars(8, ("loss", 80));
        }

        clock.Now = Noon.AddDays(-1);
        using (var third = new TensorBoardWriter(folder.Path, 8, clock))
        {
            third.Scalars(8, ("loss", 800));
        }

        Assert.Equal(3, folder.Files.Length);
        Assert.Equal([1, 2, 3, 4, 5, 6, 70, 800], EventFile.Shown(folder.Path).Select(shown => shown.Value.Scalar!.Value));
    }

    [Fact]
    public void A_file_can_be_read_while_it_is_written()
    {
        using var folder = new TempFolder();
        using var writer = new TensorBoardWriter(folder.Path, 1);
        writer.Scalars(3, ("loss", 1));
        var copy = folder.File("copy");
        File.WriteAllBytes(copy, ReadShared(writer.Path));
        Assert.Equal(3, EventFile.Read(copy).Count);
    }

    [Fact]
    public void A_folder_that_is_not_there_is_said_in_one_line()
    {
        using var folder = new TempFolder();
        var missing = folder.File("missing");
        var e = Assert.Throws<ConsistencyModelsException>(() => new TensorBoardWriter(missing, 1));
        Assert.Equal($"{missing}: its folder does not exist", e.Message);
    }

    private static byte[] ReadShared(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
