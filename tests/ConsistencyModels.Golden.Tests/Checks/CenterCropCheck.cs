using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>openai's center_crop_arr over PIL: every byte has to be equal.</summary>
internal sealed class CenterCropCheck : IGoldenCheck
{
    public string Kind => "center_crop_arr";

    public void Check(GoldenCase golden)
    {
        golden.Json.Ignore("pil_version", "who computed it");
        int size = golden.Json.Int("image_size");
        int[] shape = golden.Shape("image");
        ImageBuffer image = new(shape[1], shape[0], shape[2], Bytes(golden, "image"));
        ImageBuffer cropped = ImageResize.CenterCrop(image, size);
        Assert.Equal(golden.Shape("cropped"), new[] { cropped.Height, cropped.Width, cropped.Channels });
        Assert.Equal(Bytes(golden, "cropped"), cropped.Pixels);
    }

    private static byte[] Bytes(GoldenCase golden, string tensor) => [.. golden.Longs(tensor).Select(value => checked((byte)value))];
}
