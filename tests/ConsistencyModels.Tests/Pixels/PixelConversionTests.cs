using ConsistencyModels.Pixels;

namespace ConsistencyModels.Tests.Pixels;

public sealed class PixelConversionTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    public void Both_conventions_equal_their_plain_formulas(int channels)
    {
        // 41 x 37 does not divide into the chunks of the implementation.
        ImageShape shape = new(2, channels, 41, 37);
        float[] batch = new float[shape.Length];
        System.Random random = new(11);
        for (int i = 0; i < batch.Length; i++)
        {
            // Many values fall exactly between two levels.
            batch[i] = i % 3 == 0 ? (random.Next(511) / 255f) - 1 : (random.NextSingle() * 2.4f) - 1.2f;
        }

        float[] unit = new float[batch.Length];
        PixelConversion.ToUnitNhwc(batch, shape, unit);
        ImageBuffer[] diffusers = PixelConversion.ToImages(batch, shape);
        ImageBuffer[] openai = PixelConversion.ToImages(batch, shape, PixelConvention.OpenAi);
        for (int n = 0, i = 0; n < 2; n++)
        {
            for (int c = 0; c < channels; c++)
            {
                for (int y = 0; y < 41; y++)
                {
                    for (int x = 0; x < 37; x++, i++)
                    {
                        float half = Math.Clamp((batch[i] / 2f) + 0.5f, 0f, 1f);
                        Assert.Equal(half, unit[(((((n * 41) + y) * 37) + x) * channels) + c]);
                        Assert.Equal((byte)MathF.Round(half * 255f, MidpointRounding.ToEven), diffusers[n].Pixel(x, y)[c]);
                        Assert.Equal((byte)Math.Clamp((batch[i] + 1f) * 127.5f, 0f, 255f), openai[n].Pixel(x, y)[c]);
                    }
                }
            }
        }
    }

    [Fact]
    public void Known_values()
    {
        float[] batch = [-1, 1, 0, -2, 2, -0.5f];
        ImageShape shape = new(1, 1, 1, 6);

        // 0 is 127.5: half to even gives 128, truncation 127; -0.5 is 63.75.
        Assert.Equal([0, 255, 128, 0, 255, 64], PixelConversion.ToImages(batch, shape)[0].Pixels);
        Assert.Equal([0, 255, 127, 0, 255, 63], PixelConversion.ToImages(batch, shape, PixelConvention.OpenAi)[0].Pixels);
    }

    [Fact]
    public void Every_byte_comes_back_from_floats_in_diffusers_convention()
    {
        ImageBuffer image = new(16, 16, 1, [.. Enumerable.Range(0, 256).Select(v => (byte)v)]);
        float[] batch = new float[256];
        foreach (PixelConvention convention in Enum.GetValues<PixelConvention>())
        {
            ImageShape shape = PixelConversion.FromImages([image], batch, convention);
            Assert.Equal(new ImageShape(1, 1, 16, 16), shape);
            Assert.Equal((-1f, 1f), (batch[0], batch[255]));
            Assert.Equal(image.Pixels, PixelConversion.ToImages(batch, shape)[0].Pixels);
        }

        Assert.Equal((200 / 127.5f) - 1f, batch[200]);
    }

    [Fact]
    public void Images_become_planes()
    {
        ImageBuffer image = new(2, 1, 3, [0, 255, 0, 255, 0, 0]);
        float[] batch = new float[12];
        PixelConversion.FromImages([image, image], batch);
        Assert.Equal([-1, 1, 1, -1, -1, -1, -1, 1, 1, -1, -1, -1], batch);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Values_that_are_not_finite_are_counted_and_refused(float bad)
    {
        ImageShape shape = new(3, 1, 4, 4);
        float[] batch = new float[48];
        batch[16] = batch[31] = bad;
        ConsistencyModelsException e = Assert.Throws<ConsistencyModelsException>(() => PixelConversion.ToImages(batch, shape));
        Assert.Equal("Image 1 of 3: 2 of 16 values are not finite (NaN or infinity); expected values near [-1, 1].", e.Message);
        Assert.Throws<ConsistencyModelsException>(() => PixelConversion.ToUnitNhwc(batch, shape, new float[48]));
    }

    [Fact]
    public void Wrong_shapes_are_refused()
    {
        Assert.Contains("2 channels do not make a picture", Assert.Throws<ArgumentException>(() => PixelConversion.ToImages(new float[8], new(1, 2, 2, 2))).Message);
        Assert.Throws<ArgumentException>(() => PixelConversion.ToImages(new float[7], new(1, 1, 2, 4)));
        Assert.Throws<ArgumentException>(() => PixelConversion.ToUnitNhwc(new float[8], new(1, 2, 2, 2), new float[9]));
        Assert.Throws<ArgumentException>(() => PixelConversion.FromImages([], []));
        Assert.Throws<ArgumentException>(() => PixelConversion.FromImages([TestImages.Solid(2, 2, 1), TestImages.Solid(2, 1, 1)], new float[8]));
        Assert.Throws<ArgumentException>(() => PixelConversion.FromImages([TestImages.Solid(2, 2, 1)], new float[5]));
    }
}
