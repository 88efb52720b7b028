using System.Text.Json;
using ConsistencyModels.Evaluation.Runs;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Evaluation.Pictures;

/// <summary>Which pictures of a data set take part, and at which size.</summary>
public sealed record PictureSelection
{
    /// <summary>Side in pixels that pictures are brought to; null for their own.</summary>
    public int? Size { get; init; }

    /// <summary>Which part of a data set; null for the default.</summary>
    public string? Split { get; init; }

    /// <summary>Which folders belong to which classes, as <c>cm train --classes</c> has it: pictures of no class are left out. Null for all folders.</summary>
    public string? ClassMap { get; init; }

    /// <summary>Whether pictures of another size are left out and not cropped.</summary>
    public bool NativeSizeOnly { get; init; }

    /// <summary>What is behind transparent parts.</summary>
    public RgbColor Background { get; init; } = RgbColor.Black;

    /// <summary>1 or 2: that half of the pictures, dealt out in turns in an order that a fixed seed shuffles; null for all.</summary>
    public int? Half { get; init; }

    internal void WriteTo(Utf8JsonWriter json)
    {
        if (Size is { } size)
        {
            json.WriteNumber("size", size);
        }

        if (Split is not null)
        {
            json.WriteString("split", Split);
        }

        if (ClassMap is not null)
        {
            json.WriteString("class_map", ClassMap);
        }

        if (NativeSizeOnly)
        {
            json.WriteBoolean("native_size_only", true);
        }

        if (Background != RgbColor.Black)
        {
            json.WriteString("background", Background.Hex);
        }

        if (Half is { } half)
        {
            json.WriteNumber("half", half);
        }
    }

    internal static PictureSelection Read(ManifestReader json) => new()
    {
        Size = json.WholeOrNull("size"),
        Split = json.TextOrNull("split"),
        ClassMap = json.TextOrNull("class_map"),
        NativeSizeOnly = json.Has("native_size_only") && json.Flag("native_size_only"),
        Background = json.ColorOrNull("background") ?? RgbColor.Black,
        Half = json.WholeOrNull("half", 1, 2),
    };
}
