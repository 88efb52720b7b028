using ConsistencyModels.Pixels;

namespace ConsistencyModels.Imaging.Tests;

public sealed class ImageBufferExtensionsTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly ImageBuffer _image = new(2, 1, 3, [1, 2, 3, 4, 5, 6]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_picture_saves_itself()
    {
        _image.Save(_folder["a.png"]);
        Assert.Equal(_image.Pixels, ImageDecoder.DecodeFile(_folder["a.png"]).Pixels);
        Assert.Throws<ConsistencyModelsException>(() => _image.Save(_folder["a.tiff"]));
    }

    [Fact]
    public void A_picture_as_the_bytes_of_a_png()
    {
        var bytes = _image.ToPng(new Dictionary<string, string> { ["seed"] = "7" });
        Assert.Equal(_image.Pixels, ImageDecoder.Decode(bytes, "memory").Pixels);
        Assert.Equal("7", PngText.Read(bytes, "memory")["seed"]);
    }
}
