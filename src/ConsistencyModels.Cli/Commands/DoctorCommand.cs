using System.CommandLine;
using ConsistencyModels.Cli.Help;
using ConsistencyModels.Cli.Reports;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm doctor</c>.</summary>
internal static class DoctorCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context)
    {
        var json = Options.Switch("--json", "Print JSON");
        var command = new CliCommand(
            "doctor",
            "Look at the machine and at everything the program loads, and say what is wrong. Exit code 1 if something is.",
            "cm doctor",
            "cm doctor --json > report.json    # for a bug report")
        {
            json,
        };
        command.SetAction(result =>
        {
            var report = DoctorReport.Make(AppContext.BaseDirectory);
            if (result.GetValue(json))
            {
                WriteJson(context.Console.Out, report);
            }
            else
            {
                TextLines.Write(context.Console.Out, report.Facts);
                context.Console.Out.WriteLine();
                context.Console.Out.WriteLine(report.Problems.Count == 0 ? "Nothing is wrong." : "Wrong:");
                foreach (var problem in report.Problems)
                {
                    context.Console.Out.WriteLine($"  {problem}");
                }
            }

            return report.Problems.Count == 0 ? ExitCode.Fine : ExitCode.Failed;
        });
        return command;
    }

    private static void WriteJson(TextWriter output, DoctorReport report) => JsonText.Write(output, json =>
    {
        json.WriteStartArray("facts");
        foreach (var (name, value) in report.Facts)
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteString("value", value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("problems");
        foreach (var problem in report.Problems)
        {
            json.WriteStringValue(problem);
        }

        json.WriteEndArray();
    });
}
