using System.Diagnostics;
using System.Globalization;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Generating;

/// <summary>Does what a <see cref="GeneratePlan"/> says.</summary>
internal sealed class GenerateRun(GenerateSettings settings, GeneratePlan plan, CliConsole console, CancellationToken cancellation)
{
    private const int MostClassColumns = 16;

    private readonly List<ImageBuffer> _sheet = [];
    private readonly List<Picture> _pictures = [];

    /// <summary>Loads the model, makes the pictures and writes them.</summary>
    public GenerateReport Execute()
    {
        var clock = Stopwatch.StartNew();
        using var pipeline = Waiting.For(console, "loading the model", _ => settings.Engine.Load(plan.Folder));
        var loaded = clock.Elapsed;
        Waiting.For(console, "generating", report =>
        {
            for (var first = 0; first < plan.Count; first += plan.Block)
            {
                Generate(pipeline, first, Math.Min(plan.Block, plan.Count - first), report);
            }

            return true;
        });
        if (settings.Grid)
        {
            SaveSheet();
        }

        return new(settings, plan, _pictures, loaded, clock.Elapsed - loaded);
    }

    private void Generate(ConsistencyModelPipeline pipeline, int first, int count, Action<double, string> report)
    {
        var length = plan.Shape.ImageLength;
        var result = pipeline.Generate(
            new GenerateOptions
            {
                BatchSize = count,
                ClassLabels = plan.Classes is { } classes ? [.. Enumerable.Range(first, count).Select(i => classes[i % classes.Count])] : null,
                NumInferenceSteps = plan.Steps,
                Timesteps = settings.Timesteps,
                Seeds = [.. Enumerable.Range(first, count).Select(plan.SeedOf)],
                Latents = plan.Latents is { } latents ? latents.Values.AsMemory(first * length, count * length) : default,
                ChunkSize = settings.Engine.Chunk,
                Height = plan.Shape.Height,
                Width = plan.Shape.Width,
                Progress = new Told<GenerateProgress>(progress => report((first + (progress.Fraction * count)) / plan.Count, "")),
            },
            cancellation);
        for (var i = 0; i < count; i++)
        {
            var picture = new Picture("", plan.SeedOf(first + i), result.ClassLabels?[i]);
            if (settings.Grid)
            {
                _sheet.Add(result.Images[i]);
                _pictures.Add(picture);
            }
            else
            {
                _pictures.Add(picture with { File = Save(result.Images[i], picture) });
            }
        }
    }

    private string Save(ImageBuffer image, Picture picture)
    {
        var stem = picture.Seed.ToString("D6", CultureInfo.InvariantCulture);
        var name = picture.Label is { } label ? ClassChoice.Show(label, plan.Model.ClassNames) : null;
        var text = Text(picture.Seed.ToString(CultureInfo.InvariantCulture));
        if (name is not null)
        {
            stem += $"-{PictureFiles.Slug(name)}";
            text["class"] = picture.Label!.Value.ToString(CultureInfo.InvariantCulture);
            text["class name"] = name;
        }

        var enlarged = settings.Scale == 1 ? image : ImageGrid.Compose([image], new GridOptions { Padding = 0, Scale = settings.Scale });
        return plan.Files.Save(enlarged, stem, text);
    }

    private void SaveSheet()
    {
        // Where classes come in turn, each gets a column.
        var columns = settings.Columns
            ?? (plan.Classes is { Count: > 1 and <= MostClassColumns } classes && plan.Count > classes.Count ? classes.Count : (int?)null);
        var sheet = ImageGrid.Compose(_sheet, new GridOptions { Columns = columns, Scale = settings.Scale });
        var last = plan.SeedOf(plan.Count - 1);
        var text = Text(plan.Count == 1 ? $"{plan.Seed}" : $"{plan.Seed} to {last}");
        if (_pictures[0].Label is not null)
        {
            text["class"] = string.Join(',', _pictures.Select(picture => picture.Label));
        }

        var file = plan.Files.Save(sheet, string.Create(CultureInfo.InvariantCulture, $"grid-{plan.Seed:D6}"), text);
        for (var i = 0; i < _pictures.Count; i++)
        {
            _pictures[i] = _pictures[i] with { File = file };
        }
    }

    private Dictionary<string, string> Text(string seed)
    {
        var text = new Dictionary<string, string>
        {
            ["Software"] = $"cm {CommandLineApp.Version} (ConsistencyModels for .NET)",
            ["model"] = plan.ModelName,
            ["seed"] = seed,
            ["steps"] = plan.Steps.ToString(CultureInfo.InvariantCulture),
        };
        if (settings.Timesteps is not null)
        {
            text["timesteps"] = string.Join(',', settings.Timesteps);
        }

        if (settings.Latents is not null)
        {
            text["latents"] = Path.GetFileName(settings.Latents);
        }

        return text;
    }
}
