using ConsistencyModels.Evaluation.Runs;

namespace ConsistencyModels.Cli.Evaluating;

/// <summary>The settings that a manifest was made with.</summary>
internal static class RepeatedSettings
{
    /// <summary>Settings of a manifest.</summary>
    /// <param name="manifest">The manifest.</param>
    /// <param name="engine">What was said of engines beside it: what the manifest does not say.</param>
    /// <exception cref="ConsistencyModelsException">A word is not known to this version.</exception>
    public static EvaluateSettings Of(EvaluationManifest manifest, EngineSettings engine)
    {
        var samples = manifest.Samples;
        var model = samples.Path == BundledModel.Name ? null : samples.Path;
        return new()
        {
            Engine = samples.IsModel
                ? engine with { Model = engine.Model with { Name = model }, Engine = samples.Engine, Device = samples.Device ?? "cpu", DType = CommonOptions.DTypeOf(samples.DType) }
                : engine,
            Sampling = !samples.IsModel ? new() : new()
            {
                Classes = samples.Classes is null ? [] : [.. samples.Classes.Select(label => label.ToString(System.Globalization.CultureInfo.InvariantCulture))],
                Sampler = samples.Sampler,
                Steps = samples.Steps,
                Timesteps = samples.Timesteps,
                SigmaMax = samples.SigmaMax,
                Churn = samples.Churn,
                Seed = samples.Seed,
            },
            MatchClasses = samples.ClassesOf is not null,
            Samples = samples.IsModel ? model : samples.Path,
            Count = samples.Count,
            Split = samples.Pictures.Split,
            Size = samples.IsModel ? null : samples.Pictures.Size,
            Floor = samples.Pictures.Half is not null,
            Reference = manifest.Reference.Path,
            ReferenceSelection = manifest.Reference.OnlyStatistics ? new() { Background = samples.Pictures.Background } : manifest.Reference.Pictures,
            ReferenceCount = manifest.Reference.OnlyStatistics ? null : (int?)manifest.Reference.Count,
            Metrics = [.. manifest.Options.Metrics.Select(EvaluationMetrics.WordOf)],
            Parts = manifest.Options.JackknifeParts,
            Extractor = manifest.Extractor.Path,
            Batch = manifest.Batch,
        };
    }

    /// <summary>Refuses to compare numbers of other pictures or weights.</summary>
    /// <exception cref="ConsistencyModelsException">Something is not what it was.</exception>
    public static void ThrowIfChanged(EvaluationManifest before, EvaluationManifest now)
    {
        foreach (var (what, was, found) in ((string, string, string)[])
        [
            (before.Samples.IsModel ? "the model" : "the samples", before.Samples.Hash, now.Samples.Hash),
            ("the reference", before.Reference.Hash, now.Reference.Hash),
            ("the extractor", before.Extractor.Sha256, now.Extractor.Sha256),
        ])
        {
            if (was != found)
            {
                throw new ConsistencyModelsException($"{what} is not what it was: its hash is {found}, the manifest says {was}");
            }
        }
    }
}
