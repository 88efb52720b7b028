using ConsistencyModels.Hub;

namespace ConsistencyModels.Cli;

/// <summary>A download's progress in the words of <see cref="Spinner"/>.</summary>
internal static class DownloadProgress
{
    /// <summary>Hands on the part done and which file it is.</summary>
    public static IProgress<HubProgress> To(Action<double, string> report) => new SynchronousProgress<HubProgress>(now => report(
        now.Total == 0 ? 1 : (double)now.Received / now.Total,
        $"{now.File} {Sizes.Bytes(now.Received)} of {Sizes.Bytes(now.Total)}"));
}
