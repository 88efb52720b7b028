using System.Globalization;
using System.Text.RegularExpressions;
using ConsistencyModels.Denoising;

namespace ConsistencyModels.Golden.Tests;

/// <summary>
/// What openai's KarrasDenoiser was made with, which a case tells in words: "wrapped by KarrasDenoiser(sigma_data=0.5)". The
/// defaults are those of its constructor; they are the denoiser's own, whatever noise levels a sampler is given.
/// </summary>
internal sealed partial record KarrasDenoiserArguments
{
    internal double SigmaData { get; init; } = 0.5;

    internal double SigmaMin { get; init; } = 0.002;

    internal double Rho { get; init; } = 7;

    internal static KarrasDenoiserArguments In(string words)
    {
        KarrasDenoiserArguments found = new();
        foreach (Match argument in Argument().Matches(Call().Match(words).Groups["arguments"].Value))
        {
            var value = double.Parse(argument.Groups["value"].Value, CultureInfo.InvariantCulture);
            found = argument.Groups["name"].Value switch
            {
                "sigma_data" => found with { SigmaData = value },
                "sigma_min" => found with { SigmaMin = value },
                "rho" => found with { Rho = value },

                // Only its losses and the samplers' defaults ask for it.
                "sigma_max" => found,
                var other => throw new InvalidOperationException($"The check does not know KarrasDenoiser's argument {other}."),
            };
        }

        return found;
    }

    /// <summary>Its scalings: of the boundary condition if it was made for a distilled model.</summary>
    internal Preconditioning Preconditioning(bool distillation) => distillation
        ? Denoising.Preconditioning.Consistency(SigmaData, SigmaMin)
        : Denoising.Preconditioning.Edm(SigmaData);

    [GeneratedRegex(@"KarrasDenoiser\((?<arguments>[^)]*)\)")]
    private static partial Regex Call();

    [GeneratedRegex(@"(?<name>\w+)\s*=\s*(?<value>[^,\s]+)")]
    private static partial Regex Argument();
}
