using System.Text.Json;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;
using ConsistencyModels.Server.Requests;

namespace ConsistencyModels.Server.Drawing;

/// <summary>A result as a file.</summary>
/// <param name="Seed">Its seed.</param>
/// <param name="Label">Its class; null for a model without classes.</param>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Bytes">The file.</param>
internal sealed record EncodedPicture(ulong Seed, int? Label, int Width, int Height, byte[] Bytes)
{
    /// <summary>Encodes a result as the request wants it.</summary>
    public static EncodedPicture Of(DrawPlan plan, int index, DrawnPicture drawn)
    {
        var request = plan.Request;
        var format = request.Format ?? ImageFormat.Png;
        var image = request.Scale == 1 ? drawn.Image : ImageGrid.Compose([drawn.Image], new GridOptions { Padding = 0, Scale = request.Scale });
        image = format == ImageFormat.Jpeg && image.Channels == 4 ? image.WithChannels(3) : image;
        var bytes = ImageEncoder.Encode(image, new EncodeOptions
        {
            Format = format,
            Quality = request.Quality,
            Lossless = true,
            Text = format == ImageFormat.Png ? PictureTexts.Of(plan, index, drawn) : null,
        });
        return new(drawn.Seed, drawn.Label, image.Width, image.Height, bytes);
    }

    /// <summary>A picture on the way, as small as it is.</summary>
    public static byte[] Preview(ImageBuffer image) => ImageEncoder.Encode(image);
}

/// <summary>What a request gets.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Plan">What was drawn.</param>
/// <param name="Pictures">The files.</param>
/// <param name="Queued">How long it waited for its model.</param>
/// <param name="Total">How long it took since it was let in.</param>
internal sealed record DrawResult(string Id, DrawPlan Plan, IReadOnlyList<EncodedPicture> Pictures, TimeSpan Queued, TimeSpan Total)
{
    /// <summary>The type of its files.</summary>
    public string MediaType => MediaTypeOf(Plan.Request.Format ?? ImageFormat.Png);

    /// <summary>The type of a format.</summary>
    public static string MediaTypeOf(ImageFormat format) => $"image/{format.ToString().ToLowerInvariant()}";

    /// <summary>Writes the result object.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id", Id);
        json.WriteString("operation", Fields.Path(Plan.Request.Operation));
        json.WriteString("model", Plan.Served.Id);
        json.WriteString("sampler", Plan.Kind.ToString().ToLowerInvariant());
        json.WriteNumber("steps", Plan.Sampler.Steps);
        json.WriteNumber("network_calls", Plan.Sampler.NetworkEvaluations);
        json.WriteNumber("width", Pictures[0].Width);
        json.WriteNumber("height", Pictures[0].Height);
        json.WriteStartArray("images");
        for (var i = 0; i < Pictures.Count; i++)
        {
            WritePicture(json, i);
        }

        json.WriteEndArray();
        json.WriteStartArray("notes");
        foreach (var note in Plan.Notes)
        {
            json.WriteStringValue(note);
        }

        json.WriteEndArray();
        json.WriteNumber("queued_ms", Math.Round(Queued.TotalMilliseconds, 3));
        json.WriteNumber("total_ms", Math.Round(Total.TotalMilliseconds, 3));
        json.WritePropertyName("request");
        RequestText.Write(json, RequestText.Of(Plan, null));
        Equivalents.Write(json, Plan, null);
        json.WriteEndObject();
    }

    private void WritePicture(Utf8JsonWriter json, int index)
    {
        var picture = Pictures[index];
        json.WriteStartObject();
        json.WriteNumber("index", index);
        json.WriteNumber("seed", picture.Seed);
        if (picture.Label is { } label)
        {
            json.WriteNumber("class", label);
            json.WriteString("class_name", Plan.Served.Model.ClassNames?[label]);
        }

        json.WriteNumber("width", picture.Width);
        json.WriteNumber("height", picture.Height);
        json.WriteString("media_type", MediaType);
        json.WriteBase64String("data", picture.Bytes);
        Equivalents.Write(json, Plan, index);
        json.WriteEndObject();
    }
}
