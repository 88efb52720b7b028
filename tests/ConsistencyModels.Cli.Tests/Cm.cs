namespace ConsistencyModels.Cli.Tests;

/// <summary>Runs the program inside the test's process.</summary>
internal static class Cm
{
    /// <summary>What a command did.</summary>
    /// <param name="Code">Exit code.</param>
    /// <param name="Out">Standard output.</param>
    /// <param name="Error">Standard error.</param>
    public sealed record Result(int Code, string Out, string Error)
    {
        public string[] OutLines => Out.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    public static Result Run(params string[] args) => Run(CancellationToken.None, args);

    public static Result Run(CancellationToken cancellation, params string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = new CommandLineApp(Console(output, error), cancellation).Run(args);
        return new(code, output.ToString(), error.ToString());
    }

    // On a busy machine anything may take a second: no progress among the lines that are looked at.
    private static CliConsole Console(TextWriter output, TextWriter error) =>
        new(output, error, ErrorIsTerminal: false) { Patience = TimeSpan.FromMinutes(5) };

    /// <summary>Runs a command that must succeed.</summary>
    public static Result Succeed(params string[] args)
    {
        var result = Run(args);
        Assert.True(result.Code == 0, $"cm {string.Join(' ', args)}: {result.Error}");
        return result;
    }

    /// <summary>Runs a command that must be refused: code 2, one line, nothing on standard output.</summary>
    /// <returns>The line.</returns>
    public static string Refuse(params string[] args)
    {
        var result = Run(args);
        Assert.True(result.Code == 2, $"cm {string.Join(' ', args)}: code {result.Code}: {result.Error}");
        return TheLine(result);
    }

    /// <summary>The one line of a refusal.</summary>
    public static string TheLine(Result result)
    {
        Assert.Equal("", result.Out);
        var line = Assert.Single(result.Error.TrimEnd('\n').Split('\n'));
        Assert.StartsWith("cm: ", line);
        Assert.DoesNotContain("   at ", line);
        return line;
    }
}
