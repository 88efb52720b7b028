namespace ConsistencyModels.Data;

/// <summary>Opens a folder or an archive, and says which of its files are images.</summary>
internal static class ImageSource
{
    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"];

    public static IImageSource Open(string path, ImageFolderOptions options)
    {
        if (Directory.Exists(path))
        {
            return new FolderImageSource(path, options);
        }

        if (!File.Exists(path))
        {
            throw new ConsistencyModelsException($"{path}: not found; expected a folder of images or a .zip of them.");
        }

        return new ZipImageSource(path, options);
    }

    /// <summary>Whether a path below the root is an image to read: a known extension, nothing hidden, no macOS shadow copies.</summary>
    public static bool IsImage(string relative)
    {
        if (!Extensions.Any(e => relative.EndsWith(e, StringComparison.OrdinalIgnoreCase)))
        {
            return false;
        }

        return !relative.Split('/').Any(part => part.StartsWith('.') || part == "__MACOSX");
    }

    public static ConsistencyModelsException TooMany(string name, int limit) =>
        new($"{name}: more than {limit} files; at most {limit} are accepted.");
}
