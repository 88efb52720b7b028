using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace ConsistencyModels.Evaluation.Extractors;

/// <summary>
/// Finds ONNX Runtime's native library, 15 to 45 MB that only evaluation needs: the file or folder that CM_ONNXRUNTIME names, then what lies
/// beside the program, then the packages that .NET has restored for this user.
/// </summary>
public static class OnnxRuntimeLibrary
{
    /// <summary>Names the library or the folder it is in.</summary>
    public const string Variable = "CM_ONNXRUNTIME";

    /// <summary>The package that has it.</summary>
    public const string Package = "Microsoft.ML.OnnxRuntime";

    private static readonly Lazy<string> Found = new(Load);

    private static nint _handle;

    /// <summary>Where it was loaded from; loads it on the first call.</summary>
    /// <exception cref="ConsistencyModelsException">It is nowhere, or cannot be loaded; the message says how to get it.</exception>
    public static string Path => Found.Value;

    internal static string FileName => OperatingSystem.IsWindows() ? "onnxruntime.dll" : OperatingSystem.IsMacOS() ? "libonnxruntime.dylib" : "libonnxruntime.so";

    /// <summary>Every place it is looked for, in order; those that a variable or the user's packages name come with the reason.</summary>
    internal static IEnumerable<string> Places(Func<string, string?> variable, string program)
    {
        if (variable(Variable) is { Length: > 0 } named)
        {
            // Who names one wants that one.
            yield return Directory.Exists(named) ? System.IO.Path.Combine(named, FileName) : named;
            yield break;
        }

        var runtime = RuntimeInformation.RuntimeIdentifier;
        yield return System.IO.Path.Combine(program, FileName);
        yield return System.IO.Path.Combine(program, "runtimes", runtime, "native", FileName);
        if (RestoredPackages.Find(variable, Package, VersionText) is { } package)
        {
            yield return System.IO.Path.Combine(package, "runtimes", runtime, "native", FileName);
        }
    }

    private static string VersionText => typeof(InferenceSession).Assembly.GetName().Version!.ToString(3);

    private static string Load()
    {
        var places = Places(Environment.GetEnvironmentVariable, AppContext.BaseDirectory).ToArray();
        var path = places.FirstOrDefault(File.Exists) ?? throw new ConsistencyModelsException(
            $"evaluation runs extractors by ONNX Runtime, whose library {FileName} is not in {string.Join(", ", places)}; "
            + $"build cm with -p:Evaluation=true, or set {Variable} to that file of the package {Package} {VersionText} (runtimes/{RuntimeInformation.RuntimeIdentifier}/native)");
        try
        {
            _handle = NativeLibrary.Load(System.IO.Path.GetFullPath(path));
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new ConsistencyModelsException($"{path}: cannot be loaded: {Printable.Line(e.Message)}; expected ONNX Runtime {VersionText} for {RuntimeInformation.RuntimeIdentifier}", e);
        }

        // Its own look-up knows neither the variable nor the packages.
        OrtEnv.DisableDllImportResolver = true;
        try
        {
            NativeLibrary.SetDllImportResolver(typeof(InferenceSession).Assembly, Resolve);
        }
        catch (InvalidOperationException)
        {
            // The program has one of its own: it knows where its library is.
        }

        return path;
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? search) =>
        name.StartsWith("onnxruntime", StringComparison.Ordinal) && !name.Contains("extensions", StringComparison.Ordinal) ? _handle : 0;
}

/// <summary>Packages that .NET has restored for this user (<c>NUGET_PACKAGES</c>, or <c>.nuget/packages</c> at home).</summary>
internal static class RestoredPackages
{
    /// <summary>The folder of a package; null if it is not there.</summary>
    public static string? Find(Func<string, string?> variable, string name, string version)
    {
        var root = variable("NUGET_PACKAGES") is { Length: > 0 } named ? named
            : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify) is { Length: > 0 } home ? Path.Combine(home, ".nuget", "packages")
            : null;
        var folder = root is null ? null : Path.Combine(root, name.ToLowerInvariant(), version);
        return Directory.Exists(folder) ? folder : null;
    }
}
