using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Evaluation.Extractors;

/// <summary>Pictures as an extractor takes them: size, channels, range; planes of floats [C, H, W].</summary>
internal sealed class PicturePreparation
{
    private readonly ExtractorManifest _manifest;
    private readonly float[][] _ofByte; // for each channel

    public PicturePreparation(ExtractorManifest manifest)
    {
        _manifest = manifest;
        _ofByte = [.. Enumerable.Range(0, manifest.Channels).Select(c => Enumerable.Range(0, 256).Select(v => Value(c, v)).ToArray())];
    }

    /// <summary>Floats of one picture.</summary>
    public int Length => _manifest.Channels * _manifest.Height * _manifest.Width;

    /// <summary>Prepares a picture.</summary>
    /// <param name="picture">Of any size; transparent parts are black.</param>
    /// <param name="planes">Receives <see cref="Length"/> floats.</param>
    public void Fill(ImageBuffer picture, Span<float> planes)
    {
        var image = picture.WithChannels(_manifest.Channels);
        if (_manifest.Resize == ExtractorResize.TensorFlow1)
        {
            FillByTensorFlow(image, planes);
            return;
        }

        image = ImageResize.Resize(image, _manifest.Width, _manifest.Height, _manifest.Resize switch
        {
            ExtractorResize.Bilinear => ResampleFilter.Bilinear,
            ExtractorResize.Lanczos => ResampleFilter.Lanczos,
            ExtractorResize.Box => ResampleFilter.Box,
            _ => ResampleFilter.Bicubic,
        });
        ReadOnlySpan<byte> pixels = image.Pixels;
        var plane = planes.Length / _ofByte.Length;
        for (var c = 0; c < _ofByte.Length; c++)
        {
            var to = planes.Slice(c * plane, plane);
            ReadOnlySpan<float> table = _ofByte[c];
            for (int i = 0, at = c; i < to.Length; i++, at += _ofByte.Length)
            {
                to[i] = table[pixels[at]];
            }
        }
    }

    // tf.image.resize_bilinear(align_corners=False) of TensorFlow 1: a pixel at y of the result lies at y·(from / to) of the
    // picture. The bytes are mixed in float32, and the range comes after.
    private void FillByTensorFlow(ImageBuffer image, Span<float> planes)
    {
        var (width, height, channels) = (_manifest.Width, _manifest.Height, _manifest.Channels);
        var columns = Places(image.Width, width);
        var rows = Places(image.Height, height);
        for (var y = 0; y < height; y++)
        {
            ReadOnlySpan<byte> top = image.Row(rows[y].Low), bottom = image.Row(rows[y].High);
            for (var x = 0; x < width; x++)
            {
                var (left, right, part) = columns[x];
                for (var c = 0; c < channels; c++)
                {
                    float a = top[(left * channels) + c], b = top[(right * channels) + c];
                    float below = bottom[(left * channels) + c], belowRight = bottom[(right * channels) + c];
                    var upper = a + ((b - a) * part);
                    var lower = below + ((belowRight - below) * part);
                    var mixed = upper + ((lower - upper) * rows[y].Part);
                    planes[(((c * height) + y) * width) + x] = Value(c, mixed);
                }
            }
        }
    }

    private static (int Low, int High, float Part)[] Places(int from, int to)
    {
        var scale = from / (float)to;
        return
        [
            .. Enumerable.Range(0, to).Select(i =>
            {
                var place = i * scale;
                var low = (int)MathF.Floor(place);
                return (low, Math.Min(low + 1, from - 1), place - low);
            }),
        ];
    }

    private float Value(int channel, double v)
    {
        var value = _manifest.Low + ((_manifest.High - _manifest.Low) * v / 255);
        return (float)((value - (_manifest.Mean.Count > 0 ? _manifest.Mean[channel] : 0)) / (_manifest.Deviation.Count > 0 ? _manifest.Deviation[channel] : 1));
    }
}
