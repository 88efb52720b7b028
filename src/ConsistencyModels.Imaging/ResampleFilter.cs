namespace ConsistencyModels.Imaging;

/// <summary>The kernels of <see cref="ImageResize"/>; they are PIL's, widened by the scale when a picture shrinks.</summary>
public enum ResampleFilter
{
    /// <summary>Mean over the area: PIL's BOX, support 0.5.</summary>
    Box,

    /// <summary>Triangle: PIL's BILINEAR, support 1.</summary>
    Bilinear,

    /// <summary>Keys' cubic with a = -0.5: PIL's BICUBIC, support 2.</summary>
    Bicubic,

    /// <summary>Windowed sinc: PIL's LANCZOS, support 3.</summary>
    Lanczos,
}
