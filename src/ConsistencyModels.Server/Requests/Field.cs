using System.Text.Json;

namespace ConsistencyModels.Server.Requests;

/// <summary>What a request can do.</summary>
internal enum Operation
{
    Generate,
    Inpaint,
    Colorize,
    Superres,
    Stroke,
    Variations,
    Denoise,
    Interpolate,
}

/// <summary>What a field holds.</summary>
internal enum FieldKind
{
    Text,
    Word,
    Whole,
    Number,
    Flag,
    Seed,
    Seeds,
    Classes,
    Wholes,
    Picture,
}

/// <summary>
/// A field of a request: what reads it, checks it, and describes it in the OpenAPI document. There is no other list of them.
/// </summary>
/// <param name="Name">Its name in JSON, and that of a part of multipart.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Description">A sentence for people.</param>
/// <param name="For">The operations that take it.</param>
internal sealed record Field(string Name, FieldKind Kind, string Description, IReadOnlySet<Operation> For)
{
    /// <summary>The smallest number, or the fewest items.</summary>
    public double Low { get; init; }

    /// <summary>The largest number, or the most items.</summary>
    public double High { get; init; } = double.MaxValue;

    /// <summary>Whether the smallest number itself is not allowed.</summary>
    public bool Above { get; init; }

    /// <summary>The words there are.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>What is allowed, in words.</summary>
    public string Expected => Kind switch
    {
        FieldKind.Text => "a text",
        FieldKind.Word => $"one of {string.Join(", ", Words)}",
        FieldKind.Whole => FormattableString.Invariant($"a whole number from {Low} to {High}"),
        FieldKind.Number when Above => FormattableString.Invariant($"a number above {Low}, at most {High}"),
        FieldKind.Number => FormattableString.Invariant($"a number from {Low} to {High}"),
        FieldKind.Flag => "true or false",
        FieldKind.Seed => "a whole number from 0 to 18446744073709551615, or one as a text",
        FieldKind.Seeds => "a list of 1 or more seeds, whole numbers from 0",
        FieldKind.Classes => "a list of class numbers or names",
        FieldKind.Wholes => Low == High ? FormattableString.Invariant($"a list of {Low} whole numbers from 0") : "a list of 1 or more whole numbers from 0",
        _ => "base64 of a PNG, JPEG, WebP, GIF or BMP",
    };

    /// <summary>What a value looks like in a message.</summary>
    public static string Show(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => "null",
        JsonValueKind.String => $"'{value.GetString()}'",
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => $"a list of {value.GetArrayLength()}",
        _ => value.GetRawText(),
    };
}
