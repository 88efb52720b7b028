using System.Runtime.InteropServices;
using ConsistencyModels.Files;

namespace ConsistencyModels.Torch.Native;

/// <summary>
/// Loads libtorch before the first TorchSharp call. Left alone, TorchSharp answers a failed load by copying a gigabyte
/// of libraries into the program's folder; here every library is loaded by its full path, and a failure says why.
/// </summary>
public static class TorchRuntime
{
    /// <summary>
    /// Names a folder with libtorch's libraries to use in place of the bundled ones, for example <c>torch/lib</c> of a CUDA build
    /// of PyTorch. A libLibTorchSharp.so in it, built for that libtorch, is used in place of the bundled one. Linux only.
    /// </summary>
    public const string LibraryFolderVariable = "CM_LIBTORCH";

    private const string Binding = "libLibTorchSharp.so";

    private const string Missing = "libtorch is not beside the program: build cm with -p:Torch=cpu (or cuda), reference the package libtorch-cpu-linux-x64 in a program of yours, "
        + $"or set {LibraryFolderVariable} to a folder that has it, such as torch/lib of PyTorch";

    private static readonly string[] BundledLibraries = ["libc10.so", "libtorch_cpu.so", "libtorch.so"];

    private static readonly Lazy<IReadOnlyList<string>> Libraries = new(Load);

    /// <summary>Paths of the native libraries that were loaded here; loads them if nothing has yet.</summary>
    /// <exception cref="ConsistencyModelsException">A library is missing or does not load.</exception>
    public static IReadOnlyList<string> LoadedLibraries => Libraries.Value;

    /// <summary>Whether there is a libtorch to load: one beside the program, or a folder that <see cref="LibraryFolderVariable"/> names. Nothing is loaded.</summary>
    public static bool IsPresent => GivenFolder is not null || Search(OperatingSystem.IsWindows() ? "torch_cpu.dll" : OperatingSystem.IsMacOS() ? "libtorch_cpu.dylib" : "libtorch_cpu.so") is not null;

    private static string? GivenFolder => OperatingSystem.IsLinux() && Environment.GetEnvironmentVariable(LibraryFolderVariable) is { Length: > 0 } given ? Path.GetFullPath(given) : null;

    /// <summary>Loads libtorch and TorchSharp's native half if that has not happened yet. Call it before anything of TorchSharp.</summary>
    /// <exception cref="ConsistencyModelsException">A library is missing or does not load.</exception>
    public static void EnsureLoaded() => _ = Libraries.Value;

    private static IReadOnlyList<string> Load()
    {
        if (!IsPresent)
        {
            throw new ConsistencyModelsException(Missing);
        }

        // Elsewhere TorchSharp's own search works.
        if (!OperatingSystem.IsLinux())
        {
            return [];
        }

        var folder = GivenFolder;
        List<string> loaded = folder is null ? [.. BundledLibraries.Select(name => LoadOne(Find(name)))] : FromFolder(folder);
        loaded.Add(LoadBinding(folder is not null && File.Exists(Path.Combine(folder, Binding)) ? Path.Combine(folder, Binding) : Find(Binding)));
        if (folder is not null)
        {
            TorchSharpBackend.Use(NativeLibrary.Load(loaded[^1]));
        }

        NativeLog.ErrorsOnly(NativeLibrary.Load(loaded[0]));
        return loaded;
    }

    private static List<string> FromFolder(string folder)
    {
        if (BundledLibraries.FirstOrDefault(name => !File.Exists(Path.Combine(folder, name))) is { } missing)
        {
            throw new ConsistencyModelsException($"{folder}: {LibraryFolderVariable} names this folder, but {missing} is not in it");
        }

        string[] names = ["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so", "libtorch.so"];
        return [.. names.Select(name => Path.Combine(folder, name)).Where(File.Exists).Select(LoadOne)];
    }

    private static string LoadOne(string path)
    {
        try
        {
            NativeLibrary.Load(path);
            return path;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new ConsistencyModelsException($"{path}: does not load: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    private static string LoadBinding(string path)
    {
        try
        {
            NativeLibrary.Load(path);
            return path;
        }
        catch (DllNotFoundException e) when (PatchedLibrary.Helps(e.Message))
        {
            return LoadOne(PatchedLibrary.Create(path, Cache()));
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new ConsistencyModelsException($"{path}: does not load: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    private static string Cache() => CacheFolders.FromEnvironment().Own
        ?? throw new ConsistencyModelsException($"there is no home folder to keep files in; set {CacheFolders.OwnVariable} to a folder of yours");

    private static string Find(string name) => Search(name) ?? throw new ConsistencyModelsException($"{name}: not found; {Missing}");

    private static string? Search(string name)
    {
        var architecture = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x64";
        var system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        var host = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        List<string> folders =
        [
            AppContext.BaseDirectory,
            Path.Combine(AppContext.BaseDirectory, "runtimes", $"{system}-{architecture}", "native"),
            .. host.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries),
        ];
        return folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
    }
}
