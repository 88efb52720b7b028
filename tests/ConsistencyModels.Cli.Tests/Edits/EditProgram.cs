using ConsistencyModels.Imaging;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Tests.Edits;

/// <summary>The program over a small model with random weights, in a folder of its own.</summary>
public sealed class EditProgram : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cm-edit-").FullName;

    public EditProgram()
    {
        ModelWriter.Write(FreshModel.Of(Network(3, classes: 3), classNames: new ClassNames(["floor", "wall", "gate"])), Path("model"), cancellationToken: TestContext.Current.CancellationToken);
        ModelWriter.Write(FreshModel.Of(Network(1, classes: null)), Path("gray"), cancellationToken: TestContext.Current.CancellationToken);
    }

    public string Path(string name) => System.IO.Path.Combine(_folder, name);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>A picture of random bytes.</summary>
    internal ImageBuffer Picture(string name, int width, int height, int channels = 3, int seed = 1)
    {
        var image = new ImageBuffer(width, height, channels);
        new System.Random(seed).NextBytes(image.Pixels);
        ImageEncoder.SaveFile(image, Path(name));
        return image;
    }

    /// <summary>A gray picture of one value.</summary>
    internal void Plain(string name, int width, int height, byte value) =>
        ImageEncoder.SaveFile(new ImageBuffer(width, height, 1, [.. Enumerable.Repeat(value, width * height)]), Path(name));

    internal ImageBuffer Read(string name, int channels = 3) => ImageDecoder.DecodeFile(Path(name), new DecodeOptions { Channels = channels });

    /// <summary>Runs a line; words that begin with @ are names in the folder.</summary>
    internal Cm.Result Run(string line) => Cm.Run([.. line.Split(' ').Select(word => word.StartsWith('@') ? Path(word[1..]) : word)]);

    /// <summary>Runs a line that must succeed.</summary>
    internal Cm.Result Fine(string line)
    {
        var result = Run(line);
        Assert.True(result.Code == 0, result.Error);
        return result;
    }

    /// <summary>Runs a line that must be refused by one that says something.</summary>
    internal void Bad(string line, string expected)
    {
        var result = Run(line);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
        Assert.Equal(2, result.Code);
        Cm.TheLine(result);
    }

    private static UNet2DConfig Network(int channels, int? classes) => new()
    {
        SampleSize = new ImageSize(8, 8),
        InChannels = channels,
        OutChannels = channels,
        BlockOutChannels = [32, 32],
        DownBlockTypes = ["DownBlock2D", "DownBlock2D"],
        UpBlockTypes = ["UpBlock2D", "UpBlock2D"],
        LayersPerBlock = 1,
        NumClassEmbeds = classes,
    };
}
