using System.Diagnostics;

namespace ConsistencyModels.Bench;

/// <summary>The program <c>cm</c> in the forms that users have it.</summary>
internal static class CmPrograms
{
    /// <summary>As <c>dotnet build</c> makes it.</summary>
    public static string Built => Repository.Path("src", "ConsistencyModels.Cli", "bin", "Release", "net10.0", "cm");

    /// <summary>Where <see cref="Publish"/> puts one.</summary>
    public static string Published(string name) => Path.Combine(Folder(name), "cm");

    /// <summary>The program as users get it, beside its build so that what is linked there is linked here.</summary>
    /// <returns>Its path.</returns>
    public static string Publish(string name, params string[] properties)
    {
        string[] arguments = ["publish", Repository.Path("src", "ConsistencyModels.Cli"), "-c", "Release", "-o", Folder(name), .. properties];
        using var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? Published(name) : throw new InvalidOperationException(output);
    }

    private static string Folder(string name) => Repository.Path("src", "ConsistencyModels.Cli", "obj", "startup-bench", name);
}
