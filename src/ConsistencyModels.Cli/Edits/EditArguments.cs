using System.CommandLine;
using ConsistencyModels.Cli.Help;
using ConsistencyModels.Engines;
using ConsistencyModels.Imaging;

namespace ConsistencyModels.Cli.Edits;

/// <summary>What the verbs of <c>cm edit</c> have in common on the command line.</summary>
/// <param name="verb">The edit.</param>
/// <param name="timesteps">Whether it starts at σ_max, so that <c>--timesteps</c> means something.</param>
/// <param name="engines">The engines there are.</param>
internal sealed class EditArguments(EditVerb verb, bool timesteps, EngineRegistry engines)
{
    private readonly Argument<string[]> _inputs = new("pictures")
    {
        Description = verb == EditVerb.Interpolate ? "The two ends, unless --seeds is given" : "Picture files of any size: PNG, JPEG, WebP, GIF or BMP",
        Arity = verb == EditVerb.Interpolate ? ArgumentArity.ZeroOrMore : ArgumentArity.OneOrMore,
    };

    private readonly EngineArguments _engine = new(engines);
    private Option<string[]>? _classes;

    private readonly Option<int?> _steps = Options.Whole("--steps", $"Steps; default: {DefaultSteps(verb)}, for a diffusion model 18", 1, 10_000);

    private readonly Option<int[]?> _timesteps = Options.Indices("--timesteps", "A custom schedule in place of --steps: descending indices, such as 30,20,10,0", "30,20,10,0");

    private readonly Option<ulong?> _seed = Options.Seed("--seed", "Seed of the first result, the next ones count on; default: random");
    private readonly Option<int?> _count = Options.Whole("--count", $"Results for each picture; default: {(verb == EditVerb.Variations ? 4 : 1)}", 1, 10_000, "N", "-n");
    private readonly Option<string?> _out = Options.Text("--out", "A folder, or a file's name for one result; - is standard output; default: the folder out", "PATH", "-o");
    private readonly Option<string?> _format = Options.OneOf("--format", "png (default; carries the parameters as text), jpeg, or webp (lossless)", "png", "jpeg", "webp");
    private readonly Option<bool> _compare = Options.Switch("--compare", "One strip for each picture: before, what the model knew of it, after");
    private readonly Option<int?> _scale = Options.Whole("--scale", "Enlarge every pixel to N x N, hard-edged; default: 1", 1, 64);
    private readonly Option<string?> _fit = Options.OneOf("--fit", "Pictures of other sizes: crop the middle (default), pad to use all, or tile to edit all of it at its own size without seams; nothing is ever stretched", "crop", "pad", "tile");
    private readonly Option<bool> _paste = Options.Switch("--paste", "Put the result back into the picture, at the picture's size (--fit tile always does)");
    private readonly Option<bool> _json = Options.Switch("--json", "Print files, seed and times as JSON");
    private readonly Option<bool> _quiet = Options.Switch("--quiet", "Print nothing but errors (and what --json prints)", "-q");

    private Option<string[]> Classes => _classes ??= CommonOptions.Classes(
        "What the pictures show: names or numbers, separated by commas and used in turn; default: drawn at random", _engine.ModelOption, "--class");

    /// <summary>Builds the verb's command.</summary>
    /// <param name="context">The program.</param>
    /// <param name="description">What it does.</param>
    /// <param name="options">The verb's own options.</param>
    /// <param name="read">Adds them to the settings.</param>
    /// <param name="examples">Lines to copy.</param>
    public CliCommand Build(
        CommandContext context, string description, IReadOnlyList<Option> options, Func<ParseResult, EditSettings, EditSettings> read, params string[] examples)
    {
        var command = new CliCommand(verb.ToString().ToLowerInvariant(), description, examples) { _inputs };
        foreach (var option in options)
        {
            command.Add(option);
        }

        command.Add(_steps);
        if (timesteps)
        {
            command.Add(_timesteps);
        }

        command.Add(Classes);
        command.Add(_seed);
        if (verb != EditVerb.Interpolate)
        {
            command.Add(_count);
            command.Add(_compare);
            command.Add(_fit);
            if (verb != EditVerb.Superres)
            {
                command.Add(_paste);
            }
        }

        foreach (var option in new Option[] { _out, _format, _scale, _json, _quiet })
        {
            command.Add(option);
        }

        _engine.AddTo(command);
        command.SetAction(result => Run(context, read(result, Read(result))));
        return command;
    }

    private static string DefaultSteps(EditVerb verb) => verb switch
    {
        EditVerb.Inpaint or EditVerb.Colorize or EditVerb.Superres => "10",
        EditVerb.Stroke or EditVerb.Variations => "3",
        EditVerb.Interpolate => "2 between pictures, 1 between seeds",
        _ => "1",
    };

    private static int Run(CommandContext context, EditSettings settings)
    {
        var console = context.Console.Quiet(settings.Quiet);
        using var job = EditJob.Make(settings, console, context.Cancellation);
        var report = job.Run();
        if (settings.Json)
        {
            report.WriteJson(context.Console.Out);
        }
        else
        {
            report.WriteText(console);
        }

        return ExitCode.Fine;
    }

    private EditSettings Read(ParseResult result) => new()
    {
        Verb = verb,
        Engine = _engine.Read(result),
        Inputs = result.GetValue(_inputs) ?? [],
        Classes = result.GetValue(Classes) ?? [],
        Steps = result.GetValue(_steps),
        Timesteps = timesteps && result.GetResult(_timesteps) is not null ? result.GetValue(_timesteps) : null,
        Seed = result.GetValue(_seed),
        Count = verb == EditVerb.Interpolate ? null : result.GetValue(_count),
        Out = result.GetValue(_out),
        Format = result.GetValue(_format),
        Compare = verb != EditVerb.Interpolate && result.GetValue(_compare),
        Scale = result.GetValue(_scale) ?? 1,
        Fit = verb == EditVerb.Interpolate ? null : result.GetValue(_fit) switch { "crop" => FitMode.Crop, "pad" => FitMode.Pad, "tile" => FitMode.Tile, _ => null },
        Paste = verb is not (EditVerb.Interpolate or EditVerb.Superres) && result.GetValue(_paste),
        Json = result.GetValue(_json),
        Quiet = result.GetValue(_quiet),
    };
}
