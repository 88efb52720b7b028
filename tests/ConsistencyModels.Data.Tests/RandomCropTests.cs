using ConsistencyModels.Data.Sources;
using ConsistencyModels.Data.Tests.Formats;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Data.Tests;

public sealed class RandomCropTests : IDisposable
{
    private static readonly ImageDataSetOptions Options = new() { Size = 16, Crop = ImageCrop.Random };

    private readonly TempFolder _folder = new();

    private ImageDataSetOptions Cached => Options with { CacheFolder = _folder.File("cache") };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_crop_is_a_square_of_the_scaled_picture_and_all_places_and_sizes_occur()
    {
        // The bytes of a ramp say where a pixel was.
        ImageBuffer ramp = new(40, 30, 3);
        for (int y = 0; y < 30; y++)
        {
            for (int x = 0; x < 40; x++)
            {
                (ramp.Pixel(x, y)[0], ramp.Pixel(x, y)[1]) = ((byte)(x * 6), (byte)(y * 8));
            }
        }

        HashSet<(int Side, int Left, int Top)> seen = [];
        for (ulong seed = 0; seed < 2000; seed++)
        {
            ImageBuffer crop = RandomCrop.Apply(ramp, 16, 0.8, 1, seed);
            Assert.Equal((16, 16), (crop.Width, crop.Height));
            seen.Add(Find(crop));
        }

        // The side is 16 to 20: all are seen, with every place along the shorter side, and the ends of the longer one.
        Assert.Equal([16, 17, 18, 19, 20], seen.Select(s => s.Side).Distinct().Order());
        Assert.Equal([0, 1, 2, 3, 4], seen.Where(s => s.Side == 20).Select(s => s.Top).Distinct().Order());
        Assert.Equal((0, 11), (seen.Where(s => s.Side == 20).Min(s => s.Left), seen.Where(s => s.Side == 20).Max(s => s.Left)));

        (int, int, int) Find(ImageBuffer crop)
        {
            for (int side = 16; side <= 20; side++)
            {
                ImageBuffer scaled = ImageResize.ScaleShorterSide(ramp, side);
                for (int top = 0; top + 16 <= scaled.Height; top++)
                {
                    for (int left = 0; left + 16 <= scaled.Width; left++)
                    {
                        if (ImageResize.Crop(scaled, left, top, 16, 16).Pixels.AsSpan().SequenceEqual(crop.Pixels))
                        {
                            return (side, left, top);
                        }
                    }
                }
            }

            throw new InvalidOperationException("The crop is no part of the scaled picture.");
        }
    }

    [Fact]
    public async Task A_number_gives_a_crop_wherever_the_pictures_are()
    {
        ImageBuffer[] pictures = [.. Enumerable.Range(0, 4).Select(i => TestImages.Noise(40, 40, 3, i))];
        string folder = Directory.CreateDirectory(_folder["pictures"]).FullName;
        for (int i = 0; i < 4; i++)
        {
            ImageEncoder.SaveFile(pictures[i], Path.Combine(folder, $"{i}.png"));
        }

        string npz = _folder.File("pictures.npz");
        DataFiles.Zip(npz, System.IO.Compression.CompressionLevel.Fastest, ("arr_0.npy", DataFiles.Npy(DataFiles.Dictionary("|u1", "(4, 40, 40, 3)"), [.. pictures.SelectMany(p => p.Pixels)])));
        string parquet = _folder.File("pictures.parquet");
        await ParquetFiles.Write(parquet, [.. pictures.Select(p => ImageEncoder.Encode(p))], null);

        float[]? expected = null;
        long[] draws = [5, 6, 5, 4_000_000_000];
        foreach (string path in new[] { folder, npz, parquet })
        {
            foreach (long memory in new[] { 0L, 1 << 30 })
            {
                using ImageDataSet data = DataFiles.Open(path, Cached with { MemoryBudget = memory });
                Assert.True(data.IsRandom);
                float[] images = new float[4 * 3 * 256];
                data.FillRandom([2, 1, 2, 0], images, [], [], draws);
                expected ??= [.. images];
                Assert.True(expected.SequenceEqual(images), $"{path} with {memory} bytes");
                Assert.Equal(images[..768], images[1536..2304]);
                Assert.Equal(RandomCrop.Apply(pictures[1], 16, 0.8, 1, 6).Pixels.Select(v => (v / 127.5f) - 1).Where((_, i) => i % 3 == 0), images[768..1024]);

                // Without numbers: the crop in the middle.
                data.Fill([1], images.AsSpan(0, 768), [], []);
                Assert.Equal(ImageResize.CenterCrop(pictures[1], 16).Pixels, data.GetImage(1).Pixels);
                Assert.Throws<ArgumentException>("draws", () => data.FillRandom([1], new float[768], [], [], []));
            }
        }
    }

    [Fact]
    public void Damage_is_named_when_the_set_is_opened_and_when_a_picture_changes_later()
    {
        string folder = Directory.CreateDirectory(_folder["pictures"]).FullName;
        ImageEncoder.SaveFile(TestImages.Noise(40, 40, 3, 1), Path.Combine(folder, "a.png"));
        File.WriteAllBytes(Path.Combine(folder, "b.png"), [1, 2, 3]);
        Assert.Contains("b.png: not an image", DataFiles.Refusal(folder, Cached));
        using ImageDataSet data = DataFiles.Open(folder, Cached with { SkipUnreadable = true });
        Assert.Equal((1, 1), (data.Count, data.Skipped.Count));
        File.Delete(Path.Combine(folder, "a.png"));
        Assert.Contains("a.png: cannot be read", Assert.Throws<ConsistencyModelsException>(() => data.FillRandom([0], new float[768], [], [], [1])).Message);
    }

    [Fact]
    public void A_size_is_needed_and_parts_have_to_make_sense()
    {
        string npz = _folder.File("a.npz");
        DataFiles.Zip(npz, System.IO.Compression.CompressionLevel.Fastest, ("arr_0.npy", DataFiles.Npy(DataFiles.Dictionary("|u1", "(1, 4, 4)"), new byte[16])));
        Assert.Contains("the size of the images has to be given", DataFiles.Refusal(npz, new() { Crop = ImageCrop.Random }));
        Assert.Throws<ArgumentOutOfRangeException>(() => DataFiles.Open(npz, Options with { MinCrop = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => DataFiles.Open(npz, Options with { MinCrop = 0.9, MaxCrop = 0.8 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => DataFiles.Open(npz, Options with { MaxCrop = 1.1 }));
    }
}
