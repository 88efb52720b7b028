using ConsistencyModels.Editing;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pipelines;

namespace Snippets;

/// <summary>docs/editing.md</summary>
internal static class Editing
{
    public static void Run()
    {
        using var pipeline = ConsistencyModelPipeline.FromPretrained("models/crawl-tiles-32");
        var book = ImageDecoder.DecodeFile("book.png");

        // Class 5 are books.
        var filled = pipeline.Inpaint([book], ImageMask.Rectangle(new(32, 32), 8, 8, 16, 16), new() { ClassLabels = [5], Seed = 1 });
        filled.Images[0].Save("filled.png");
        var large = pipeline.SuperResolve([ImageResize.Resize(book, 8, 8)], factor: 4, new() { ClassLabels = [5] });
        large.Images[0].Save("large.png");
    }
}
