using System.Globalization;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cli.Evaluating;
using ConsistencyModels.Evaluation.References;
using ConsistencyModels.Files;
using ConsistencyModels.Models;
using ConsistencyModels.Training.Parallel;

namespace ConsistencyModels.Cli.Cards;

/// <summary>A <c>cm card</c> command: measures a model in every way that its card shows, and writes the card.</summary>
/// <param name="settings">The words of the command line.</param>
/// <param name="command">The command line as it was typed.</param>
/// <param name="console">Where to show progress.</param>
/// <param name="cancellation">Ends it.</param>
internal sealed class CardJob(CardSettings settings, string command, CliConsole console, CancellationToken cancellation)
{
    private const string Parts = "card";
    private const int TeacherSteps = 18;
    private const int Rows = 4;
    private const int ColumnsWithoutClasses = 16;
    private static readonly string[] Metrics = ["fd", "kd", "pr", "nn"];

    private CardPicture? _nearest;
    private bool _matchClasses;

    private EvaluateSettings Common => new()
    {
        Engine = settings.Engine,
        Samples = settings.Engine.Model.Name,
        Reference = settings.Reference,
        ReferenceSelection = settings.ReferenceSelection,
        Metrics = Metrics,
        Extractor = settings.Extractor,
        Count = settings.Count,
    };

    /// <summary>Makes everything; the card itself is written last.</summary>
    /// <returns>The card's file.</returns>
    public string Run()
    {
        // What can be refused is refused before hours of drawing.
        RunFacts[] runs = [.. settings.Runs.Select(RunFacts.Read)];
        var about = settings.About is { } file ? ReadAbout(file) : null;
        using var model = settings.Engine.Model.Open(console, cancellation);
        if (model.Kind != ModelKind.Consistency)
        {
            throw new ConsistencyModelsException("this is a diffusion model; expected a consistency model, with the diffusion model as its --teacher");
        }

        var side = model.Config.SampleSize?.Height ?? throw new ConsistencyModelsException("the model does not say which size it was made for");
        if (StatisticsFile.IsStatistics(settings.Reference))
        {
            throw new ConsistencyModelsException($"{settings.Reference}: holds statistics, and a card shows and counts pictures; expected a folder or another data set");
        }

        ThrowIfNoTeacher(model);
        using (var reference = SampleSource.Open(settings.Reference, Common.ReferencePictures(side), null, console.Quiet(true), cancellation))
        {
            _matchClasses = ClassShares.Of(reference).Fit(model);
        }

        OutputFolder.Make(Path.Combine(settings.Out, Parts));
        var classes = model.Config.NumClassEmbeds is { } count ? Enumerable.Range(0, count).Select(label => model.ClassNames?[label] ?? label.ToString(CultureInfo.InvariantCulture)).ToArray() : [];
        List<CardPicture> pictures = [.. settings.Steps.Select(steps => Draw(steps, classes.Length))];
        var card = new ModelCard
        {
            Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(settings.Engine.Model.Name ?? BundledModel.Name))),
            Summary = Summary(model, side, classes.Length),
            Classes = classes,
            License = settings.License,
            DataLicense = settings.DataLicense,
            About = about,
            Rows = [.. Measurements(side).Select(Measure)],
            Runs = runs,
            Samples = pictures,
            Nearest = _nearest,
            Command = command,
        };
        var path = Path.Combine(settings.Out, "README.md");
        AtomicFile.WriteAllText(path, card.ToMarkdown());
        return path;
    }

    private void ThrowIfNoTeacher(Model model)
    {
        if (settings.Teacher is null)
        {
            return;
        }

        using var teacher = (settings.Engine.Model with { Name = settings.Teacher }).Open(console, cancellation);
        if (teacher.Kind != ModelKind.Diffusion || teacher.Config.SampleSize != model.Config.SampleSize)
        {
            throw new ConsistencyModelsException($"--teacher: {settings.Teacher} is a {(teacher.Kind == ModelKind.Diffusion ? "diffusion" : "consistency")} model of {teacher.Config.SampleSize} pictures; expected a diffusion model of {model.Config.SampleSize}");
        }
    }

    private static string Summary(Model model, int side, int classes)
    {
        using var weights = model.OpenStored();
        TensorInfo[] tensors = [.. weights.Tensors.Values];
        var bytes = tensors.Sum(tensor => tensor.ElementCount * tensor.DType.Size());
        var types = string.Join(", ", tensors.GroupBy(tensor => tensor.DType).OrderByDescending(group => group.Count()).Select(group => group.Key.FormatName()));
        return $"A {(classes > 0 ? "class-conditional " : "")}consistency model of {side}x{side} {(model.Config.OutChannels == 1 ? "grey" : "colour")} pictures{(classes > 0 ? $" of {classes} classes" : "")}: {Sizes.Count(model.ParameterCount)} parameters, {types}, {Sizes.Bytes(bytes)}.";
    }

    private static string ReadAbout(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"--about: {file}: cannot be read: {Printable.Line(e.Message)}", e);
        }
    }

    private IEnumerable<(string File, string What, int? Calls, EvaluateSettings Settings)> Measurements(int side)
    {
        var drawn = Common with { MatchClasses = _matchClasses };
        foreach (var steps in settings.Steps)
        {
            yield return ($"steps-{steps}.json", $"{steps} step{(steps == 1 ? "" : "s")}", steps, drawn with { Sampling = new() { Steps = steps } });
        }

        if (settings.Teacher is { } teacher)
        {
            yield return ("teacher.json", $"the diffusion model it was made of, Heun's method in {TeacherSteps} steps", (2 * TeacherSteps) - 1, drawn with
            {
                Engine = settings.Engine with { Model = settings.Engine.Model with { Name = teacher } },
                Samples = teacher,
                Sampling = new() { Sampler = "heun", Steps = TeacherSteps },
            });
        }

        // Half of the reference may be fewer than the samples.
        yield return ("floor.json", "real pictures: one half against the other", null, Common with { Samples = null, Floor = true, Count = null, Size = side });
        yield return ("noise.json", "noise", null, Common with { Samples = "noise", Size = side });
    }

    private CardRow Measure((string File, string What, int? Calls, EvaluateSettings Settings) one)
    {
        console.Error.WriteLine($"{one.What}");
        using var job = new EvaluateJob(one.Settings, new SingleProcess(), console, cancellation);
        var evaluated = job.Run()!;
        evaluated.Manifest.Save(Path.Combine(settings.Out, Parts, one.File));
        if (_nearest is null && job.ReferencePictures is { } reference)
        {
            var (png, words) = NearestPairs.Draw(evaluated, job.SamplePictures!, reference, cancellation);
            _nearest = new("nearest.png", words.TrimEnd('.'));
            AtomicFile.WriteAllBytes(Path.Combine(settings.Out, Parts, _nearest.File), png);
        }

        EvaluateReport.WriteText(evaluated, console with { Out = console.Error });
        return new(one.File, one.What, one.Calls, evaluated.Manifest);
    }

    // The same noise for every number of steps.
    private CardPicture Draw(int steps, int classes)
    {
        var columns = classes > 0 ? classes : ColumnsWithoutClasses;
        using var pictures = ModelPictures.Open(settings.Engine, new() { Steps = steps, Classes = classes > 0 ? ["all"] : [] }, Rows * columns, console, cancellation);
        var name = $"samples-{steps}.png";
        AtomicFile.WriteAllBytes(Path.Combine(settings.Out, Parts, name), PictureSheet.Encode([.. pictures.Read(0, Rows * columns, cancellation)], columns));
        return new(name, $"{steps} step{(steps == 1 ? "" : "s")}{(steps == settings.Steps[0] ? "" : ", the same noise")}");
    }
}
