using ConsistencyModels.Golden.Tests.Checks;

namespace ConsistencyModels.Golden.Tests;

/// <summary>What is done with each kind of case.</summary>
internal static class GoldenChecks
{
    /// <summary>Every check there is.</summary>
    internal static readonly IReadOnlyList<IGoldenCheck> All =
    [
        new CenterCropCheck(),
        new EctLossCheck(),
        new EctScheduleCheck(),
        new EditingCheck(),
        new EdmLossCheck(),
        new EdmSamplerCheck(),
        new KarrasSampleCheck(),
        new OpenAiUNetCheck(),
        new ParameterListCheck(),
        new PipelineCheck(),
        new PipelineErrorsCheck(),
        new RandomUtilCheck(),
        new SchedulerAddNoiseCheck(),
        new SchedulerConstructorCheck(),
        new SchedulerErrorsCheck(),
        new SchedulerTraceCheck(),
        new TablesCheck(),
        new TorchGeneratorCheck(),
        new UNetForwardCheck(),
    ];

    /// <summary>Kinds that belong to something which is not built yet, with what it is. A kind leaves when its check comes.</summary>
    internal static readonly IReadOnlyDictionary<string, string> KindsNotBuiltYet = new Dictionary<string, string>
    {
        ["consistency_losses"] = "training objectives",
        ["edm_training_losses"] = "training objectives",
        ["ema_and_scales"] = "training schedules",
        ["ict_curriculum"] = "improved consistency training",
        ["ict_loss"] = "improved consistency training",
        ["ict_tables"] = "improved consistency training",
        ["metrics"] = "evaluation",
        ["progdist_losses"] = "training objectives",
        ["reference_bug"] = "trainer",
        ["training_trajectory"] = "trainer",
    };

    /// <summary>Kinds of files that are no cases of their own: what a case refers to, and records for people.</summary>
    internal static readonly IReadOnlySet<string> Accompanying = new HashSet<string> { "converted_weights", "timings" };

    /// <summary>Checks a case: that its tensors are as it says, its results, and that nothing of it was left unread.</summary>
    internal static void Run(GoldenCase golden)
    {
        var check = All.FirstOrDefault(check => check.Kind == golden.Kind);
        Assert.True(check is not null, $"{golden.FilePath}: no check knows the kind \"{golden.Kind}\"");
        golden.HasTensorsAsDescribed();
        check.Check(golden);
        var unread = golden.Unread().ToList();
        Assert.True(unread.Count == 0, $"{golden.FilePath}: the check of \"{golden.Kind}\" does not read {string.Join(", ", unread)}");
    }
}
