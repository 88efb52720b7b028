using System.Globalization;
using System.Text;

namespace ConsistencyModels.Bench;

/// <summary>A section of docs/benchmarks.md: heading, machine and date, a table.</summary>
internal sealed class Report(string title)
{
    private readonly StringBuilder _body = new();

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    public Report Line(FormattableString line)
    {
        _body.AppendLine(line.ToString(CultureInfo.InvariantCulture));
        return this;
    }

    /// <summary>Prints the section, and with <c>--write FILE</c> puts it in the place of the section of the same title there.</summary>
    public void Publish(string? file)
    {
        var section = $"## {title}\n\n{Machine()}\n\n{_body.ToString().Trim()}\n";
        Console.WriteLine(section);
        if (file is null)
        {
            return;
        }

        var text = File.Exists(file) ? File.ReadAllText(file) : "# Speed and memory, measured\n";
        var begin = text.IndexOf($"## {title}\n", StringComparison.Ordinal);
        if (begin < 0)
        {
            text = text.TrimEnd() + "\n\n" + section;
        }
        else
        {
            var end = text.IndexOf("\n## ", begin + 1, StringComparison.Ordinal);
            text = text[..begin] + section + (end < 0 ? "" : text[end..]);
        }

        File.WriteAllText(file, text);
    }

    /// <summary>Takes <c>--write FILE</c> out of the arguments.</summary>
    public static (string? File, string[] Others) Arguments(string[] args) =>
        args is ["--write", var file, .. var rest] ? (file, rest) : (null, args);

    /// <summary>Date, processor, versions, load.</summary>
    public static string Machine()
    {
        var cpu = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim()
            : null;
        var load = File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{DateTime.Now:yyyy-MM-dd}, {cpu ?? "unknown processor"}, {Environment.ProcessorCount} cores, {Environment.OSVersion.Platform}, .NET {Environment.Version}, libtorch 2.10.0; load average at the end {load}.");
    }
}
