using System.Globalization;

namespace ConsistencyModels.Cli;

/// <summary>Numbers for people.</summary>
internal static class Sizes
{
    /// <summary>"24.2 MB", with powers of ten as disks are sold.</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        < 1000 => Format($"{bytes} B"),
        < 1_000_000 => Format($"{bytes / 1e3:F1} kB"),
        < 1_000_000_000 => Format($"{bytes / 1e6:F1} MB"),
        _ => Format($"{bytes / 1e9:F2} GB"),
    };

    /// <summary>"12.1 M".</summary>
    public static string Count(long count) => count switch
    {
        < 10_000 => Format($"{count}"),
        < 1_000_000 => Format($"{count / 1e3:0.#} k"),
        < 1_000_000_000 => Format($"{count / 1e6:0.##} M"),
        _ => Format($"{count / 1e9:0.##} G"),
    };

    /// <summary>"3 h 20 min", "4 min", "12 s".</summary>
    public static string Time(TimeSpan time) => time switch
    {
        { TotalSeconds: < 90 } => Format($"{time.TotalSeconds:F0} s"),
        { TotalMinutes: < 90 } => Format($"{time.TotalMinutes:F0} min"),
        { TotalHours: < 48 } => Format($"{(int)time.TotalHours} h {time.Minutes} min"),
        _ => Format($"{time.TotalDays:F1} days"),
    };

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
