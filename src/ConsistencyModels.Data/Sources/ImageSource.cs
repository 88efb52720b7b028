namespace ConsistencyModels.Data.Sources;

/// <summary>Opens a folder or an archive, and says which of its files are images.</summary>
internal static class ImageSource
{
    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp"];

    public static IImageSource Open(string path, ImageDataSetOptions options)
    {
        if (options.Split is { } split && (split.Length == 0 || split is "." or ".." || split.AsSpan().IndexOfAny('/', '\\') >= 0))
        {
            throw new ConsistencyModelsException($"{path}: the part '{split}' is not the name of a sub-folder.");
        }

        if (Directory.Exists(path))
        {
            string root = options.Split is null ? path : Path.Combine(path, options.Split);
            return Directory.Exists(root) ? new FolderImageSource(root, options) : throw new ConsistencyModelsException($"{path}: has no sub-folder '{options.Split}'.");
        }

        if (!File.Exists(path))
        {
            throw new ConsistencyModelsException($"{path}: not found; expected a folder of images or a .zip of them.");
        }

        return new ZipImageSource(path, options);
    }

    /// <summary>Whether a path below the root is an image to read: a known extension, nothing hidden, no macOS shadow copies.</summary>
    public static bool IsImage(string relative) =>
        Extensions.Any(e => relative.EndsWith(e, StringComparison.OrdinalIgnoreCase)) && !IsHidden(relative);

    /// <summary>Whether a path below the root is hidden, or a shadow copy of macOS.</summary>
    public static bool IsHidden(string relative) => relative.Split('/').Any(part => part.StartsWith('.') || part == "__MACOSX");

    /// <summary>The extensions of images, for messages.</summary>
    public static string Known => string.Join(", ", Extensions);

    public static ConsistencyModelsException TooMany(string name, int limit) =>
        new($"{name}: more than {limit} files; at most {limit} are accepted.");
}
