using System.Globalization;
using System.Runtime.InteropServices;
using ConsistencyModels.Files;
using ConsistencyModels.Imaging;
using ConsistencyModels.Models;
using ConsistencyModels.Pixels;
using ConsistencyModels.Torch.Native;

namespace ConsistencyModels.Cli.Reports;

/// <summary>Looks at everything the program needs, and says what is wrong and what to do about it.</summary>
internal sealed class DoctorReport
{
    private readonly List<(string Name, string Value)> _facts = [];
    private readonly List<string> _problems = [];

    /// <summary>What was found, in order.</summary>
    public IReadOnlyList<(string Name, string Value)> Facts => _facts;

    /// <summary>What is wrong, each with what to do about it.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Looks at the machine, libtorch, imaging, the cache and the bundled model.</summary>
    /// <param name="programFolder">Where the program is.</param>
    public static DoctorReport Make(string programFolder)
    {
        var report = new DoctorReport();
        report.LookAtMachine();
        report.LookAtTorch();
        report.LookAtImaging();
        report.LookAtCaches();
        report.LookAtModel(programFolder);
        foreach (var library in Machine.NativeLibraries())
        {
            report.Fact("native file", library);
        }

        return report;
    }

    private void LookAtMachine()
    {
        Fact("cm", CommandLineApp.Version);
        Fact("program", ProgramBuild.Describe());
        Fact(".NET", $"{Environment.Version} ({RuntimeInformation.RuntimeIdentifier})");
        Fact("system", RuntimeInformation.OSDescription);
        Fact("processor", $"{Machine.Processor()}, {Environment.ProcessorCount} threads");
        var sets = Machine.InstructionSets();
        if (Machine.Flags() is { Count: > 0 } flags)
        {
            Fact("it has", string.Join(", ", flags));
        }

        Fact("instructions", sets.Count == 0 ? "none of those looked for" : string.Join(", ", sets));
        Fact("engines", "cpu (managed code; the default, trains in f32), torch (libtorch: GPUs, bf16 and f16)");
        Fact("memory", Sizes.Bytes(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes));
        if (RuntimeInformation.ProcessArchitecture == Architecture.X64 && !sets.Contains("AVX2"))
        {
            Problem("the processor has no AVX2: everything runs, several times slower", "use a newer machine");
        }

        if (Environment.GetEnvironmentVariable("OMP_NUM_THREADS") is { Length: > 0 } threads)
        {
            Fact("OMP_NUM_THREADS", threads);
        }
    }

    private void LookAtTorch()
    {
        if (!TorchRuntime.IsPresent)
        {
            Fact("libtorch", $"none (for GPUs, bf16, f16 and LPIPS: build with -p:Torch=cpu or cuda, or set {TorchRuntime.LibraryFolderVariable} to torch/lib of PyTorch)");
            return;
        }

        var folder = Environment.GetEnvironmentVariable(TorchRuntime.LibraryFolderVariable) is { Length: > 0 } given ? given : null;
        try
        {
            var torch = TorchDiagnostics.Probe();
            var version = folder is null ? torch.LibtorchVersion : $"from {folder}, the binding made for {torch.LibtorchVersion}";
            Fact("libtorch", string.Create(CultureInfo.InvariantCulture, $"{version}, TorchSharp {torch.TorchSharpVersion}; loaded in {torch.LoadTime.TotalSeconds:F2} s"));
            Fact("devices", torch.CudaDevices == 0 ? "cpu" : $"cpu, {string.Join(", ", Enumerable.Range(0, torch.CudaDevices).Select(i => $"cuda:{i}"))}");
            Fact("torch threads", torch.Threads.ToString(CultureInfo.InvariantCulture));
        }
        catch (ConsistencyModelsException e)
        {
            Fact("libtorch", "does not load");
            Problem($"GPUs, bf16 and LPIPS do not work, the rest does: {e.Message}", OperatingSystem.IsWindows()
                ? "TorchSharp 0.107.0 is reported not to load against libtorch 2.10 on Windows (TorchSharp issue 1567): use WSL or Linux until it is mended"
                : $"install the package again, or set {TorchRuntime.LibraryFolderVariable} to a folder with libtorch's libraries");
        }
    }

    private void LookAtImaging()
    {
        try
        {
            var encoded = ImageEncoder.Encode(new ImageBuffer(1, 1, 3));
            Fact("images", $"PNG, JPEG and WebP by SkiaSharp ({encoded.Length} bytes written to try)");
        }
        catch (Exception e)
        {
            Fact("images", "cannot be written");
            Problem($"SkiaSharp does not load: {e.GetBaseException().Message.ReplaceLineEndings(" ")}", "install the program again, for this platform");
        }
    }

    private void LookAtCaches()
    {
        var folders = CacheFolders.FromEnvironment();
        LookAtCache("cache", folders.Own, CacheFolders.OwnVariable);
        LookAtCache("packed weights", folders.PackedWeights, CacheFolders.PackedVariable);
        LookAtCache("downloads", folders.Hub, "HF_HUB_CACHE");
    }

    private void LookAtCache(string name, string? folder, string variable)
    {
        if (folder is null)
        {
            Fact(name, $"off ({variable})");
            return;
        }

        if (!Directory.Exists(folder))
        {
            Fact(name, $"{folder} (not there yet; made when it is needed)");
            return;
        }

        var files = new DirectoryInfo(folder).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint }).ToList();
        Fact(name, $"{folder} ({files.Count} file{(files.Count == 1 ? "" : "s")}, {Sizes.Bytes(files.Sum(file => file.Length))})");
        try
        {
            var probe = Path.Combine(folder, $".{Guid.NewGuid():N}.tmp");
            File.WriteAllText(probe, "");
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Problem($"the folder {folder} cannot be written: {e.Message}", $"mend its rights, or set {variable} to another folder");
        }
    }

    private void LookAtModel(string programFolder)
    {
        if (BundledModel.Find(programFolder) is not { } folder)
        {
            Fact("bundled model", "not there");
            Problem($"the bundled model {BundledModel.Name} is not beside the program", "name a model with --model, or install the program again");
            return;
        }

        foreach (var bundled in BundledModel.Names(programFolder).Select(name => name == BundledModel.Name ? folder : BundledModel.Find(programFolder, name)!))
        {
            try
            {
                using var model = ModelReader.Open(bundled);
                using var weights = model.OpenWeights();
                Fact("bundled model", $"{bundled} ({weights.Tensors.Count} tensors)");
            }
            catch (ConsistencyModelsException e)
            {
                Fact("bundled model", $"{bundled} (damaged)");
                Problem(e.Message, "install the program again, or restore the folder from the repository");
            }
        }
    }

    private void Fact(string name, string value) => _facts.Add((name, value));

    private void Problem(string what, string advice) => _problems.Add($"{what}: {advice}");
}
