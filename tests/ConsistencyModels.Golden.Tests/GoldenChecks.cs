using ConsistencyModels.Golden.Tests.Checks;

namespace ConsistencyModels.Golden.Tests;

/// <summary>What is done with each kind of case.</summary>
internal static class GoldenChecks
{
    /// <summary>Every check there is.</summary>
    internal static readonly IReadOnlyList<IGoldenCheck> All =
    [
        new CenterCropCheck(),
        new ConsistencyLossesCheck(),
        new DoublingScalesCheck(),
        new EctLossCheck(),
        new EctScheduleCheck(),
        new EditingCheck(),
        new EdmLossCheck(),
        new EdmSamplerCheck(),
        new EdmTrainingLossesCheck(),
        new EmaAndScalesCheck(),
        new ImprovedLossCheck(),
        new ImprovedTablesCheck(),
        new KarrasSampleCheck(),
        new MetricsCheck(),
        new OpenAiUNetCheck(),
        new ParameterListCheck(),
        new PipelineCheck(),
        new PipelineErrorsCheck(),
        new ProgressiveLossesCheck(),
        new RandomUtilCheck(),
        new ReferenceBugCheck(),
        new SchedulerAddNoiseCheck(),
        new SchedulerConstructorCheck(),
        new SchedulerErrorsCheck(),
        new SchedulerTraceCheck(),
        new TablesCheck(),
        new TorchGeneratorCheck(),
        new TrajectoryCheck(),
        new UNetForwardCheck(),
    ];

    /// <summary>Kinds that belong to something which is not built yet, with what it is. A kind leaves when its check comes.</summary>
    internal static readonly IReadOnlyDictionary<string, string> KindsNotBuiltYet = new Dictionary<string, string>();

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
