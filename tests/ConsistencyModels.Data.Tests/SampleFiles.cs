using System.IO.Compression;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Data.Tests;

/// <summary>A set of small encoded files, laid out as a folder or as an archive.</summary>
internal sealed class SampleFiles : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("cm-data-");

    public SortedDictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    public static byte[] Solid(int size, byte r, byte g, byte b) => ImageEncoder.Encode(SolidImage(size, size, r, g, b));

    public static ImageBuffer SolidImage(int width, int height, byte r, byte g, byte b)
    {
        ImageBuffer image = new(width, height, 3);
        for (int i = 0; i < image.Pixels.Length; i += 3)
        {
            (image.Pixels[i], image.Pixels[i + 1], image.Pixels[i + 2]) = (r, g, b);
        }

        return image;
    }

    /// <summary>Two classes with nested folders, another size, a text file, hidden files and macOS shadow copies.</summary>
    public static SampleFiles Typical()
    {
        SampleFiles files = new();
        for (byte i = 0; i < 12; i++)
        {
            ImageBuffer noise = new(8, 8, 3);
            new System.Random(i).NextBytes(noise.Pixels);
            string folder = i % 3 == 0 ? "mon" : i % 3 == 1 ? "mon/undead" : "dngn/wall";
            files.Files[$"{folder}/{i:00}.png"] = ImageEncoder.Encode(noise);
        }

        files.Files["mon/big.PNG"] = Solid(16, 1, 2, 3);
        files.Files["README.md"] = [1, 2, 3];
        files.Files["mon/.hidden.png"] = [1, 2, 3];
        files.Files["__MACOSX/mon/00.png"] = [1, 2, 3];
        return files;
    }

    public static ImageDataSet Open(string path, ImageDataSetOptions options) =>
        ImageDataSets.Open(path, options, cancellation: TestContext.Current.CancellationToken);

    public static int Count(string path, ImageDataSetOptions options)
    {
        using ImageDataSet data = Open(path, options);
        return data.Count;
    }

    public static string Fingerprint(string path, ImageDataSetOptions options)
    {
        using ImageDataSet data = Open(path, options);
        return data.Fingerprint;
    }

    public static string[] Paths(ImageDataSet data) => [.. Enumerable.Range(0, data.Count).Select(data.NameOf)];

    public string AsFolder()
    {
        string root = Path.Combine(_root.FullName, Guid.NewGuid().ToString("N"));
        foreach ((string path, byte[] bytes) in Files)
        {
            string file = Path.Combine(root, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, bytes);
        }

        return root;
    }

    public string AsZip()
    {
        string zip = Path.Combine(_root.FullName, $"{Guid.NewGuid():N}.zip");
        using ZipArchive archive = ZipFile.Open(zip, ZipArchiveMode.Create);

        // Backwards, so that the order in the archive cannot be the order of the data set.
        foreach ((string path, byte[] bytes) in Files.Reverse())
        {
            using Stream stream = archive.CreateEntry(path).Open();
            stream.Write(bytes);
        }

        return zip;
    }

    public void Dispose() => _root.Delete(recursive: true);
}
