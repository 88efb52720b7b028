using System.CommandLine;
using ConsistencyModels.Cli.Help;
using ConsistencyModels.Models;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Cli.Evaluating;

/// <summary>How a model is drawn from, where pictures are counted and not looked at one by one.</summary>
/// <param name="model">The option that names the model, whose classes the shell completes.</param>
internal sealed class SamplingArguments(Option<string?> model)
{
    private readonly Option<string[]> _classes = CommonOptions.Classes("Classes to draw, used in turn; \"all\" is each class; default: drawn at random for each picture", model);
    private readonly Option<string?> _sampler = Options.OneOf("--sampler", "Default: multistep for a consistency model, heun for a diffusion model", [.. Enum.GetNames<SamplerKind>().Select(name => name.ToLowerInvariant())]);
    private readonly Option<int?> _steps = Options.Whole("--steps", "Steps of the sampler; default: 1, or 18 for a diffusion model", 1);
    private readonly Option<int[]?> _timesteps = Options.Indices("--timesteps", "A custom schedule of multistep in place of --steps: descending indices, such as 22,0", "22,0");
    private readonly Option<double?> _sigmaMax = Options.Number("--sigma-max", "The noise level to start at; default: the model's largest", 0);
    private readonly Option<double?> _churn = Options.NumberFrom("--churn", "Fresh noise that heun, dpm2 and edm add on the way; default: 0", 0);
    private readonly Option<ulong?> _seed = Options.Seed("--seed", "Seed of the first picture, the next ones count on; default: 0");

    /// <summary>Adds them to a command.</summary>
    public void AddTo(CliCommand command) => command.AddGroup("How the model is drawn from", [_classes, _sampler, _steps, _timesteps, _sigmaMax, _churn, _seed]);

    /// <summary>What was said.</summary>
    public SamplingWords Read(ParseResult result) => new()
    {
        Classes = result.GetValue(_classes) ?? [],
        Sampler = result.GetValue(_sampler),
        Steps = result.GetValue(_steps),
        Timesteps = result.GetResult(_timesteps) is null ? null : result.GetValue(_timesteps),
        SigmaMax = result.GetValue(_sigmaMax),
        Churn = result.GetValue(_churn) ?? 0,
        Seed = result.GetValue(_seed) ?? 0,
    };
}

/// <summary>The words of <see cref="SamplingArguments"/>; null where nothing was said.</summary>
internal sealed record SamplingWords
{
    /// <summary>Classes by name or number.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>Which sampler.</summary>
    public string? Sampler { get; init; }

    /// <summary>Number of steps.</summary>
    public int? Steps { get; init; }

    /// <summary>Indices of a custom schedule.</summary>
    public IReadOnlyList<int>? Timesteps { get; init; }

    /// <summary>The noise level to start at.</summary>
    public double? SigmaMax { get; init; }

    /// <summary>Fresh noise on the way.</summary>
    public double Churn { get; init; }

    /// <summary>Seed of the first picture.</summary>
    public ulong Seed { get; init; }

    /// <summary>Whether anything was said that is a model's.</summary>
    public bool IsDefault => Classes.Count == 0 && Sampler is null && Steps is null && Timesteps is null && SigmaMax is null && Churn == 0 && Seed == 0;

    /// <summary>The sampler's settings for a model.</summary>
    public SamplerSettings SamplerFor(Model model) => Steps is not null && Timesteps is not null
        ? throw new ConsistencyModelsException("--steps and --timesteps say the same thing in two ways; give one of them")
        : new()
        {
            Kind = Sampler is { } word ? Enum.Parse<SamplerKind>(word, ignoreCase: true) : model.Kind == ModelKind.Consistency ? SamplerKind.Multistep : SamplerKind.Heun,
            Steps = Steps,
            Timesteps = Timesteps,
            SigmaMax = SigmaMax,
            Churn = Churn,
        };
}
