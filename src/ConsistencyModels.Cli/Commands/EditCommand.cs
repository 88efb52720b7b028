using System.CommandLine;
using ConsistencyModels.Cli.Edits;
using ConsistencyModels.Cli.Help;
using ConsistencyModels.Editing;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm edit</c> and its verbs.</summary>
internal static class EditCommand
{
    private const string MaskHelp = "Mask of the picture's size: white is filled, black is kept, gray is mixed; on a transparent layer what is painted is filled";

    private const string ByTheModel = "default: the model's own (`cm info`), or by the size of its images";

    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context) => new CliCommand(
        "edit",
        "Change pictures with a consistency model that was never trained for it.",
        "cm edit inpaint photo.png --rect 8,8,16,16 --compare --scale 4",
        "cm edit superres small.png --factor 4",
        "cm edit inpaint --help                    # every verb has a help page with examples")
    {
        Inpaint(context),
        Colorize(context),
        Superres(context),
        Noisy(context, EditVerb.Stroke, "Make a picture of a sketch: noise covers the details, the model makes up others (SDEdit).",
            "cm edit stroke sketch.png --compare --scale 4", "cm edit stroke sketch.png --sigma 5 -n 8    # farther from the sketch, eight times"),
        Denoise(context),
        Interpolate(context),
        Noisy(context, EditVerb.Variations, "Make pictures like one.",
            "cm edit variations tile.png -n 8 --compare", "cm edit variations tile.png --sigma 0.5    # closer to it"),
    };

    private static CliCommand Inpaint(CommandContext context)
    {
        var verb = new EditArguments(EditVerb.Inpaint, timesteps: true, context.Engines);
        var mask = Options.Text("--mask", MaskHelp, "FILE");
        var alpha = Options.Switch("--alpha", "The picture's transparent parts are filled");
        var rectangle = Rectangle();
        var shape = Options.OneOf("--auto", "A mask to try it with", [.. ImageMask.DemoNames]);
        var invert = Options.Switch("--invert", "The other way round: black is filled, white is kept");
        var colorize = Options.Switch("--colorize", "Of what is kept only the gray is known: a damaged gray picture gets its holes filled and colours");
        return verb.Build(
            context,
            "Fill holes in pictures; the rest comes back bit by bit.",
            [mask, alpha, rectangle, shape, invert, colorize],
            (result, settings) => settings with
            {
                Mask = new MaskChoice
                {
                    File = result.GetValue(mask),
                    Alpha = result.GetValue(alpha),
                    Rectangle = result.GetResult(rectangle) is null ? null : result.GetValue(rectangle),
                    Shape = result.GetValue(shape),
                    Invert = result.GetValue(invert),
                },
                Colorize = result.GetValue(colorize),
            },
            "cm edit inpaint tile.png --rect 8,8,16,16 -n 4 --compare --scale 4",
            "cm edit inpaint photo.png --mask mask.png --fit tile -o whole.png",
            "cm edit inpaint old.png --alpha --colorize");
    }

    private static CliCommand Colorize(CommandContext context)
    {
        var mask = Options.Text("--mask", "Mask of the picture's size: white gets colours, black keeps its own; default: all of it gets colours", "FILE");
        var invert = Options.Switch("--invert", "The other way round: black gets colours");
        return new EditArguments(EditVerb.Colorize, timesteps: true, context.Engines).Build(
            context,
            "Give colours to gray pictures; of pictures in colour only the gray is looked at.",
            [mask, invert],
            (result, settings) => settings with { Mask = new MaskChoice { File = result.GetValue(mask), Invert = result.GetValue(invert) } },
            "cm edit colorize gray.png -n 4 --compare --scale 4",
            "cm edit colorize gray.png --classes floor --seed 3");
    }

    private static CliCommand Superres(CommandContext context)
    {
        var factor = Options.Whole("--factor", "Enlargement, a divisor of the model's size; default: 4. No result is smaller than its picture: what is larger than the model is enlarged in tiles", 1, 4096);
        return new EditArguments(EditVerb.Superres, timesteps: true, context.Engines).Build(
            context,
            "Enlarge pictures: every pixel becomes a patch of which it is the mean.",
            [factor],
            (result, settings) => settings with { Factor = result.GetValue(factor) ?? 4 },
            "cm edit superres small.png --factor 4 --compare --scale 4",
            "cm edit superres map.png --factor 2    # larger than the model: all of it, in tiles");
    }

    private static CliCommand Denoise(CommandContext context)
    {
        var sigma = Sigma("required");
        var add = Options.Switch("--add-noise", "The picture is clean: add such noise first, to see what the model does");
        sigma.Required = true;
        return new EditArguments(EditVerb.Denoise, timesteps: false, context.Engines).Build(
            context,
            "Take noise of a known level out of pictures.",
            [sigma, add],
            (result, settings) => settings with { Sigma = result.GetValue(sigma), AddNoise = result.GetValue(add) },
            "cm edit denoise noisy.png --sigma 0.2     # a deviation of 0.2 x 127.5 = 25 levels",
            "cm edit denoise tile.png --sigma 1 --add-noise -n 4 --compare");
    }

    private static CliCommand Noisy(CommandContext context, EditVerb verb, string description, params string[] examples)
    {
        var sigma = Sigma(ByTheModel);
        return new EditArguments(verb, timesteps: false, context.Engines).Build(
            context, description, [sigma], (result, settings) => settings with { Sigma = result.GetValue(sigma) }, examples);
    }

    private static CliCommand Interpolate(CommandContext context)
    {
        var frames = Options.Whole("--frames", "Pictures from end to end, the ends among them; default: 8", 2, 1000);
        var animate = Options.Whole("--animate", "Let them move, there and back, each for so many milliseconds: an animated WebP without loss, in place of a strip", 1, 60_000, "MS");
        var sigma = Sigma(ByTheModel);
        var seeds = new Option<ulong[]?>("--seeds")
        {
            Description = "Two seeds in place of two pictures: between the pictures of `cm generate --seed`",
            HelpName = "A,B",
            CustomParser = result => Options.List<ulong>(result, "--seeds", 2, "two whole numbers such as 1,2"),
        };
        return new EditArguments(EditVerb.Interpolate, timesteps: false, context.Engines).Build(
            context,
            "Frames from one picture to another, or from one seed to another, as a strip or moving.",
            [frames, animate, sigma, seeds],
            (result, settings) => settings with
            {
                PerFrame = result.GetValue(animate) is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null,
                Format = result.GetValue(animate) is null ? settings.Format : settings.Format ?? "webp",
                Frames = result.GetValue(frames) ?? 8,
                Sigma = result.GetValue(sigma),
                Seeds = result.GetResult(seeds) is null ? null : result.GetValue(seeds),
            },
            "cm edit interpolate --seeds 1,2 --frames 10 --scale 3",
            "cm edit interpolate --seeds 1,2 --frames 24 --scale 8 --animate 80 -o walk.webp",
            "cm edit interpolate a.png b.png --frames 6 -o between.png");
    }

    private static Option<double?> Sigma(string standard) =>
        Options.Number("--sigma", $"Standard deviation of the noise on the scale of [-1, 1]; {standard}", 0, "X");

    private static Option<int[]?> Rectangle() => new("--rect")
    {
        Description = "A hole: left, top, width and height in the picture's pixels",
        HelpName = "X,Y,W,H",
        CustomParser = result => Options.List<int>(result, "--rect", 4, "four whole numbers such as 8,8,16,16"),
    };
}
