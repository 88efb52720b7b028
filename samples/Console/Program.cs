using ConsistencyModels;
using ConsistencyModels.Editing;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Pixels;

// Writes three pictures into the folder that is named, or the current one.
var folder = args.Length > 0 ? args[0] : ".";
Directory.CreateDirectory(folder);
try
{
    using var pipeline = ConsistencyModelPipeline.FromPretrained(Path.Combine(AppContext.BaseDirectory, "models/crawl-tiles-32"));

    // The same noise in one, two and four steps: a row for each.
    List<ImageBuffer> rows = [];
    foreach (var steps in new[] { 1, 2, 4 })
    {
        rows.AddRange(pipeline.Generate(new() { BatchSize = 7, NumInferenceSteps = steps, ClassLabels = [0, 1, 2, 3, 4, 5, 6], Seed = 1 }).Images);
    }

    ImageGrid.Compose(rows, new() { Columns = 7, Scale = 3 }).Save(Path.Combine(folder, "steps.png"));

    // A hole in the book of four steps, filled: what lies outside stays as it is, bit for bit.
    var book = rows[^2];
    var hole = ImageMask.Rectangle(new(book.Height, book.Width), 8, 8, 16, 16);
    var filled = pipeline.Inpaint([book], hole, new() { Seed = 3, ClassLabels = [5] }).Images[0];
    ImageGrid.Compose([book, filled], new() { Columns = 2, Scale = 3 }).Save(Path.Combine(folder, "filled.png"));

    // From one seed's picture to another's and back, moving.
    var walk = pipeline.Interpolate(pipeline.LatentOf(27), pipeline.LatentOf(48), 12, new() { ClassLabels = [5], Seed = 1 });
    AnimatedWebp.SaveFile(AnimatedWebp.ThereAndBack(walk.Images), TimeSpan.FromMilliseconds(80), Path.Combine(folder, "walk.webp"));
    Console.WriteLine($"steps.png, filled.png and walk.webp are in {Path.GetFullPath(folder)}");
    return 0;
}
catch (ConsistencyModelsException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}
