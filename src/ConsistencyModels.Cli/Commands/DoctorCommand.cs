using System.CommandLine;
using ConsistencyModels.Cli.Reports;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm doctor</c>.</summary>
internal static class DoctorCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context)
    {
        var json = OptionOf.Switch("--json", "Print JSON");
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
            var examination = Examination.Make(AppContext.BaseDirectory);
            if (result.GetValue(json))
            {
                WriteJson(context.Console.Out, examination);
            }
            else
            {
                Lines.Write(context.Console.Out, examination.Facts);
                context.Console.Out.WriteLine();
                context.Console.Out.WriteLine(examination.Problems.Count == 0 ? "Nothing is wrong." : "Wrong:");
                foreach (var problem in examination.Problems)
                {
                    context.Console.Out.WriteLine($"  {problem}");
                }
            }

            return examination.Problems.Count == 0 ? ExitCode.Fine : ExitCode.Failed;
        });
        return command;
    }

    private static void WriteJson(TextWriter output, Examination examination) => JsonText.Write(output, json =>
    {
        json.WriteStartArray("facts");
        foreach (var (name, value) in examination.Facts)
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteString("value", value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("problems");
        foreach (var problem in examination.Problems)
        {
            json.WriteStringValue(problem);
        }

        json.WriteEndArray();
    });
}
