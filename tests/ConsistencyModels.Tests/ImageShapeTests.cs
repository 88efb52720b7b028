using ConsistencyModels.Editing;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using ConsistencyModels.Pixels;
using ConsistencyModels.Samplers;
using ConsistencyModels.Tests.Networks;
using ConsistencyModels.Tests.Samplers;

namespace ConsistencyModels.Tests;

/// <summary>A shape whose length no array has is an argument error wherever a shape is taken.</summary>
public sealed class ImageShapeTests
{
    private const int Most = int.MaxValue;

    [Fact]
    public void Lengths_are_products()
    {
        var shape = new ImageShape(2, 3, 5, 7);
        Assert.Equal(105, shape.ImageLength);
        Assert.Equal(210, shape.Length);
        Assert.Equal(0, new ImageShape(Most, Most, 0, Most).Length);
        Assert.Equal(Array.MaxLength, new ImageShape(1, 1, 1, Array.MaxLength).Length);
        Assert.Equal(-6, new ImageShape(-1, 1, 2, 3).Length);
    }

    [Theory]
    [InlineData(1, 1, 1, Most)]
    [InlineData(1, 1, 65536, 65536)]
    [InlineData(65536, 65536, 65536, 65536)]
    [InlineData(Most, Most, Most, Most)]
    [InlineData(-Most, Most, Most, Most)]
    public void A_shape_that_no_array_holds_says_so(int batch, int channels, int height, int width)
    {
        var shape = new ImageShape(batch, channels, height, width);
        var error = Assert.Throws<ArgumentException>(() => shape.Length);
        Assert.Contains($"The shape {shape} has {(Int128)batch * channels * height * width} values; expected at most {Array.MaxLength}", error.Message);
    }

    [Fact]
    public void It_is_an_argument_error_wherever_a_shape_or_size_is_taken()
    {
        var shape = new ImageShape(1, 3, 65536, 65536);
        var size = new ImageSize(65536, 65536);
        using var network = new PointwiseUNet(PointwiseUNet.SmallConfig());
        Refused(() => ForwardArguments.ThrowIfInvalid(network.Config, 0, shape, 1, [], 0));
        Refused(() => Measurement.Colorization(size));
        Refused(() => ImageMask.All(new(0, 3)));
        Refused(() => ImageMask.All(new(-3, 3)));
        Refused(() => PixelConversion.ToImages([], shape, PixelConvention.OpenAi));
        Refused(() => new OneStepSampler(80).Sample(new GaussianDenoiser(), [], shape, new TorchGenerator(0)));
        Refused(() => Interpolation.Frames(new float[1000], new float[1000], Most));
        Refused(() => Pictures.Enlarge(new(2, 2, 3), 1 << 30));
        Refused(() => Pictures.Enlarge(new(40, 40, 3), 1000));

        static void Refused(Action action) => Assert.NotEmpty(Assert.ThrowsAny<ArgumentException>(action).Message);
    }
}
