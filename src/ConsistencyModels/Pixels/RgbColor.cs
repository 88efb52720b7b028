using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace ConsistencyModels.Pixels;

/// <summary>An opaque colour, three sRGB bytes.</summary>
/// <param name="R">Red, 0 to 255.</param>
/// <param name="G">Green, 0 to 255.</param>
/// <param name="B">Blue, 0 to 255.</param>
public readonly record struct RgbColor(byte R, byte G, byte B)
{
    /// <summary>0, 0, 0.</summary>
    public static RgbColor Black => default;

    /// <summary>255, 255, 255.</summary>
    public static RgbColor White => new(255, 255, 255);

    /// <summary><c>#rrggbb</c>, in lower case.</summary>
    public string Hex => $"#{R:x2}{G:x2}{B:x2}";

    /// <summary>
    /// The luma byte 0.299 R + 0.587 G + 0.114 B, in the 16-bit fixed point of PIL's <c>convert("L")</c>:
    /// a gray colour gives itself exactly.
    /// </summary>
    public byte Luma => (byte)(((R * 19595) + (G * 38470) + (B * 7471) + 0x8000) >> 16);

    /// <summary>Reads <c>black</c>, <c>white</c> or <c>#rrggbb</c>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="color">The colour; black where it is none.</param>
    /// <returns>Whether it is a colour.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out RgbColor color)
    {
        color = default;
        if (string.Equals(text, "black", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        if (string.Equals(text, "white", StringComparison.OrdinalIgnoreCase))
        {
            color = White;
            return true;
        }

        if (text is not ['#', ..] || text.Length != 7 || !int.TryParse(text.AsSpan(1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
        {
            return false;
        }

        color = new((byte)(value >> 16), (byte)(value >> 8), (byte)value);
        return true;
    }
}
