using ConsistencyModels.Imaging;

namespace ConsistencyModels.Cli.Reports;

/// <summary>The parameters that a picture carries.</summary>
internal static class PictureReport
{
    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".webp"];

    /// <summary>Whether a name is that of a picture on disk.</summary>
    public static bool IsPicture(string name) => Extensions.Contains(Path.GetExtension(name).ToLowerInvariant()) && File.Exists(name);

    /// <summary>Writes them.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="path">The picture.</param>
    /// <param name="asJson">For a program.</param>
    /// <exception cref="ConsistencyModelsException">It carries none, or is damaged.</exception>
    public static void Write(TextWriter output, string path, bool asJson)
    {
        if (ImageEncoder.FormatOf(path) != ImageFormat.Png)
        {
            throw new ConsistencyModelsException($"{path}: only a PNG carries the parameters it was made with");
        }

        var text = PngText.ReadFile(path);
        if (text.Count == 0)
        {
            throw new ConsistencyModelsException($"{path}: this picture says nothing of how it was made");
        }

        if (asJson)
        {
            JsonText.Write(output, json =>
            {
                foreach (var (key, value) in text)
                {
                    json.WriteString(key, value);
                }
            });
            return;
        }

        // Whatever is in a file of somebody else's: nothing of it moves the cursor.
        TextLines.Write(output, text.Select(pair => (new Failure(pair.Key, 0).Printable, new Failure(pair.Value, 0).Printable)));
    }
}
