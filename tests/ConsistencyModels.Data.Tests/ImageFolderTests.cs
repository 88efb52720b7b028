using System.Security.Cryptography;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Data.Tests;

public sealed class ImageFolderTests
{
    private static readonly ImageDataSetOptions Native = new() { Size = 8, Crop = ImageCrop.None, ClassesFrom = ClassRule.Folders };

    [Fact]
    public void A_folder_and_an_archive_of_the_same_files_are_the_same_data_set()
    {
        using SampleFiles files = SampleFiles.Typical();
        using ImageDataSet folder = SampleFiles.Open(files.AsFolder(), Native);
        using ImageDataSet zip = SampleFiles.Open(files.AsZip(), Native with { Threads = 1 });
        Assert.Equal(12, folder.Count);
        Assert.Equal((3, 8, 8), (folder.Channels, folder.Height, folder.Width));
        Assert.Equal(["dngn/wall", "mon", "mon/undead"], folder.ClassNames);
        Assert.Equal(folder.ClassNames, zip.ClassNames);
        Assert.Equal(SampleFiles.Paths(folder), SampleFiles.Paths(zip));
        Assert.Equal(folder.Labels.ToArray(), zip.Labels.ToArray());
        Assert.Equal(folder.Fingerprint, zip.Fingerprint);
        Assert.Matches("^[0-9a-f]{64}$", folder.Fingerprint);
        for (int i = 0; i < folder.Count; i++)
        {
            ImageBuffer expected = ImageDecoder.Decode(files.Files[folder.NameOf(i)], "expected");
            Assert.Equal(expected.Pixels, folder.GetImage(i).Pixels);
            Assert.Equal(expected.Pixels, zip.GetImage(i).Pixels);
            Assert.Equal(Path.GetDirectoryName(folder.NameOf(i)), folder.ClassNames[folder.Labels[i]]);
        }

        string skipped = Assert.Single(folder.Skipped);
        Assert.EndsWith("mon/big.PNG: 16x16, not 8x8.", skipped);
    }

    [Fact]
    public void Fill_gives_planes_in_the_networks_range_and_mirrors_on_request()
    {
        using SampleFiles files = SampleFiles.Typical();
        using ImageDataSet data = SampleFiles.Open(files.AsZip(), Native);
        int[] indices = [5, 0, 5];
        float[] images = new float[3 * 3 * 64];
        int[] labels = new int[3];
        data.Fill(indices, images, labels, [false, false, true]);
        for (int n = 0; n < 3; n++)
        {
            Assert.Equal(data.Labels[indices[n]], labels[n]);
            ImageBuffer image = data.GetImage(indices[n]);
            for (int c = 0; c < 3; c++)
            {
                for (int y = 0; y < 8; y++)
                {
                    for (int x = 0; x < 8; x++)
                    {
                        float expected = (image.Pixel(n == 2 ? 7 - x : x, y)[c] / 127.5f) - 1f;
                        Assert.Equal(expected, images[(((((n * 3) + c) * 8) + y) * 8) + x]);
                    }
                }
            }
        }

        float[] again = new float[images.Length];
        data.Fill(indices, again, [], []);
        Assert.Equal(images[..384], again[..384]);
        Assert.Equal(again[..192], again[384..]);
    }

    [Fact]
    public void Fill_refuses_wrong_lengths_and_indices()
    {
        using SampleFiles files = SampleFiles.Typical();
        using ImageDataSet data = SampleFiles.Open(files.AsZip(), Native);
        Assert.Throws<ArgumentException>("images", () => data.Fill([0], new float[191], [], []));
        Assert.Throws<ArgumentException>("labels", () => data.Fill([0], new float[192], new int[2], []));
        Assert.Throws<ArgumentException>("flips", () => data.Fill([0], new float[192], [], [true, false]));
        Assert.Throws<ArgumentOutOfRangeException>("indices", () => data.Fill([12], new float[192], [], []));
        Assert.Throws<ArgumentOutOfRangeException>("indices", () => data.Fill([-1], new float[192], [], []));
        Assert.Throws<ArgumentOutOfRangeException>(() => data.GetImage(12));
    }

    [Fact]
    public void The_fingerprint_changes_with_one_pixel_the_classes_and_the_size_and_not_with_the_encoding()
    {
        using SampleFiles files = SampleFiles.Typical();
        string original = SampleFiles.Fingerprint(files.AsZip(), Native);
        ClassMap map = ClassMap.Parse("a=mon,b=dngn");
        Assert.NotEqual(original, SampleFiles.Fingerprint(files.AsZip(), Native with { Classes = map }));
        Assert.NotEqual(original, SampleFiles.Fingerprint(files.AsZip(), Native with { Crop = ImageCrop.Center }));
        Assert.NotEqual(original, SampleFiles.Fingerprint(files.AsZip(), Native with { Channels = 1 }));

        ImageBuffer image = ImageDecoder.Decode(files.Files["mon/00.png"], "a");
        files.Files["mon/00.png"] = ImageEncoder.Encode(image, new() { Text = new Dictionary<string, string> { ["k"] = "v" } });
        Assert.Equal(original, SampleFiles.Fingerprint(files.AsZip(), Native));
        image.Pixels[100] ^= 1;
        files.Files["mon/00.png"] = ImageEncoder.Encode(image);
        Assert.NotEqual(original, SampleFiles.Fingerprint(files.AsZip(), Native));
    }

    [Fact]
    public void The_fingerprint_is_the_one_that_runs_remember()
    {
        // SHA-256 of channels, height, width, the names with their lengths, and for each image its label and its bytes.
        using SampleFiles files = new();
        files.Files["a/1.png"] = SampleFiles.Solid(2, 1, 2, 3);
        files.Files["bc/2.png"] = SampleFiles.Solid(2, 4, 5, 6);
        byte[] Number(int value) => BitConverter.GetBytes(value);
        byte[] text =
        [
            .. Number(3), .. Number(2), .. Number(2), .. Number(2), .. Number(1), .. "a"u8, .. Number(2), .. "bc"u8,
            .. Number(0), 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, .. Number(1), 4, 5, 6, 4, 5, 6, 4, 5, 6, 4, 5, 6,
        ];
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(text)), SampleFiles.Fingerprint(files.AsZip(), new() { Size = 2 }));
    }

    [Fact]
    public void Classes_follow_the_map()
    {
        using SampleFiles files = SampleFiles.Typical();
        using ImageDataSet data = SampleFiles.Open(
            files.AsFolder(), Native with { Classes = ClassMap.Parse("wall=dngn/wall,monster=mon:-mon/undead") });
        Assert.Equal(["wall", "monster"], data.ClassNames);
        Assert.Equal(8, data.Count);
        for (int i = 0; i < data.Count; i++)
        {
            Assert.Equal(data.NameOf(i).StartsWith("mon/", StringComparison.Ordinal) ? 1 : 0, data.Labels[i]);
            Assert.DoesNotContain("undead", data.NameOf(i), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Other_sizes_are_scaled_and_cropped_and_transparency_shows_the_background()
    {
        using SampleFiles files = new();
        files.Files["a/wide.png"] = ImageEncoder.Encode(SampleFiles.SolidImage(40, 17, 10, 20, 30));
        files.Files["a/clear.png"] = ImageEncoder.Encode(new ImageBuffer(5, 5, 4));
        using ImageDataSet data = SampleFiles.Open(files.AsFolder(), new() { Size = 8, Background = new(50, 60, 70) });
        Assert.Equal(SampleFiles.SolidImage(8, 8, 50, 60, 70).Pixels, data.GetImage(0).Pixels);
        Assert.Equal(SampleFiles.SolidImage(8, 8, 10, 20, 30).Pixels, data.GetImage(1).Pixels);
        Assert.Empty(data.Skipped);
    }

    [Fact]
    public void Directories_without_usable_images_are_no_classes()
    {
        using SampleFiles files = new();
        files.Files["a/big.png"] = SampleFiles.Solid(16, 1, 1, 1);
        files.Files["b/fits.png"] = SampleFiles.Solid(8, 2, 2, 2);
        files.Files["root.png"] = SampleFiles.Solid(8, 3, 3, 3);
        using ImageDataSet data = SampleFiles.Open(files.AsFolder(), Native);
        Assert.Equal([".", "b"], data.ClassNames);
        Assert.Equal(["b/fits.png", "root.png"], SampleFiles.Paths(data));
        Assert.Equal([1, 0], data.Labels.ToArray());
    }
}
