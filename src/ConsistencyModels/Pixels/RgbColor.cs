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

    /// <summary>
    /// The luma byte 0.299 R + 0.587 G + 0.114 B, in the 16-bit fixed point of PIL's <c>convert("L")</c>:
    /// a gray colour gives itself exactly.
    /// </summary>
    public byte Luma => (byte)(((R * 19595) + (G * 38470) + (B * 7471) + 0x8000) >> 16);
}
