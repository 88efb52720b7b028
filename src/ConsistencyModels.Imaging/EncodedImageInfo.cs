namespace ConsistencyModels.Imaging;

/// <summary>What a file's header says about its picture, EXIF orientation applied.</summary>
/// <param name="Width">Width in pixels as shown.</param>
/// <param name="Height">Height in pixels as shown.</param>
/// <param name="HasAlpha">Whether parts can be transparent.</param>
/// <param name="Format">The format in lower case: <c>png</c>, <c>jpeg</c>, <c>webp</c>, <c>gif</c>, <c>bmp</c>, ...</param>
public readonly record struct EncodedImageInfo(int Width, int Height, bool HasAlpha, string Format);
