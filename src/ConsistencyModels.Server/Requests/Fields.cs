using System.Collections.Frozen;
using ConsistencyModels.Imaging;
using ConsistencyModels.Samplers;
using static ConsistencyModels.Server.Requests.Operation;

namespace ConsistencyModels.Server.Requests;

/// <summary>The fields of requests under some limits.</summary>
internal sealed class Fields
{
    private static readonly FrozenSet<Operation> All = Enum.GetValues<Operation>().ToFrozenSet();
    private static readonly FrozenSet<Operation> Edits = All.Where(operation => operation != Generate).ToFrozenSet();
    private static readonly FrozenSet<Operation> Known = new[] { Inpaint, Colorize, Superres }.ToFrozenSet();
    private static readonly FrozenSet<Operation> Noisy = new[] { Stroke, Variations, Denoise, Interpolate }.ToFrozenSet();

    /// <summary>Makes them.</summary>
    public Fields(ServerLimits limits)
    {
        var seconds = limits.Timeout.TotalSeconds;
        List =
        [
            new("model", FieldKind.Text, "Which model; the default is said by v1/models.", All),
            new("image", FieldKind.Picture, "The picture to edit; of an interpolation the first end.", Edits),
            new("to", FieldKind.Picture, "The other end.", Only(Interpolate)),
            new("mask", FieldKind.Picture, "Of the picture's size: white is filled (or gets colours), black is kept, gray is mixed; on a transparent layer what is painted is filled.", Only(Inpaint, Colorize)),
            new("rect", FieldKind.Wholes, "A hole in place of a mask: left, top, width and height in the picture's pixels.", Only(Inpaint)) { Low = 4, High = 4 },
            new("alpha", FieldKind.Flag, "The picture's transparent parts are filled, in place of a mask.", Only(Inpaint)),
            new("invert", FieldKind.Flag, "The other way round: black is filled.", Only(Inpaint, Colorize)),
            new("colorize", FieldKind.Flag, "Of what is kept only the gray is known: a damaged gray picture gets its holes filled and colours.", Only(Inpaint)),
            new("factor", FieldKind.Whole, "Enlargement, a divisor of the model's size; 4 by default.", Only(Superres)) { Low = 1, High = 4096 },
            new("sigma", FieldKind.Number, "Standard deviation of the noise on the scale of [-1, 1]; by default the model's. Required to denoise.", Noisy) { Above = true, High = 1e6 },
            new("add_noise", FieldKind.Flag, "The picture is clean: add such noise first.", Only(Denoise)),
            new("frames", FieldKind.Whole, "Pictures from end to end, the ends among them; 8 by default.", Only(Interpolate)) { Low = 2, High = limits.Frames },
            new("count", FieldKind.Whole, "How many pictures; 1 by default, or one for each seed or class; 4 variations.", But(Interpolate)) { Low = 1, High = limits.Count },
            new("classes", FieldKind.Classes, "What to show, by number or name, used in turn; drawn by each picture's seed by default.", All) { High = limits.Count },
            new("seed", FieldKind.Seed, "Seed of the first picture, the next ones count on; chosen and told by default.", All),
            new("seeds", FieldKind.Seeds, "A seed for each picture, in place of one; of an interpolation the two ends, in place of pictures.", Only(Generate, Interpolate)) { Low = 1, High = limits.Count },
            new("sampler", FieldKind.Word, "How noise becomes a picture; multistep for a consistency model and heun for a diffusion model by default.", Only(Generate)) { Words = [.. Enum.GetNames<SamplerKind>().Select(Lower)] },
            new("steps", FieldKind.Whole, "Steps of the sampler; by default the model's or the edit's.", All) { Low = 1, High = limits.Steps },
            new("timesteps", FieldKind.Wholes, "A custom schedule in place of steps: descending indices.", new HashSet<Operation>(Known) { Generate }) { Low = 1, High = limits.Steps },
            new("sigma_max", FieldKind.Number, "The noise level to start at; the model's largest by default.", Only(Generate)) { Above = true, High = 1e6 },
            new("churn", FieldKind.Number, "Fresh noise that heun, dpm2 and edm add on the way; 0 by default.", Only(Generate)) { High = 1e6 },
            new("width", FieldKind.Whole, "Pixels; the model's by default, drawn in tiles where it is larger.", Only(Generate)) { Low = 1, High = 8192 },
            new("height", FieldKind.Whole, "Pixels; the model's by default.", Only(Generate)) { Low = 1, High = 8192 },
            new("fit", FieldKind.Word, "Pictures of other sizes: crop the middle (default), pad to use all, or tile to edit all of it at its own size.", But(Generate, Interpolate)) { Words = [.. Enum.GetNames<FitMode>().Select(Lower)] },
            new("paste", FieldKind.Flag, "Put the result back into the picture, at its size.", But(Generate, Superres, Interpolate)),
            new("scale", FieldKind.Whole, "Enlarge every pixel to this many squared, hard-edged; 1 by default.", All) { Low = 1, High = limits.Scale },
            new("format", FieldKind.Word, "png (default; carries the parameters as text), jpeg, or webp (lossless).", All) { Words = [.. Enum.GetNames<ImageFormat>().Select(Lower)] },
            new("quality", FieldKind.Whole, "Of jpeg; 95 by default.", All) { Low = 1, High = 100 },
            new("previews", FieldKind.Flag, "Intermediate pictures in the stream of events.", All),
            new("timeout_seconds", FieldKind.Number, "How long it may take, waiting included.", All) { Low = 0.001, High = seconds },
        ];
        _byName = List.ToFrozenDictionary(field => field.Name);
    }

    private readonly FrozenDictionary<string, Field> _byName;

    /// <summary>All of them.</summary>
    public IReadOnlyList<Field> List { get; }

    /// <summary>Those of an operation.</summary>
    public IEnumerable<Field> Of(Operation operation) => List.Where(field => field.For.Contains(operation));

    /// <summary>The field of a name.</summary>
    /// <exception cref="ProblemException">There is none, or not for this operation.</exception>
    public Field Find(string name, Operation operation) =>
        _byName.TryGetValue(name, out var field) && field.For.Contains(operation)
            ? field
            : throw ProblemException.Of(name, field is null ? "a field that does not exist" : $"a field that {Path(operation)} does not have", $"one of {string.Join(", ", Of(operation).Select(one => one.Name))}");

    /// <summary>The operation as a path has it: "generate", "edit/inpaint".</summary>
    public static string Path(Operation operation) => operation == Generate ? "generate" : $"edit/{Lower(operation.ToString())}";

    /// <summary>The operation of such a path; null if it is none.</summary>
    public static Operation? OfPath(string? path) => All.Select(operation => (Operation?)operation).FirstOrDefault(operation => Path(operation!.Value) == path);

    private static string Lower(string name) => name.ToLowerInvariant();

    private static FrozenSet<Operation> Only(params Operation[] operations) => operations.ToFrozenSet();

    private static FrozenSet<Operation> But(params Operation[] operations) => All.Except(operations).ToFrozenSet();
}
