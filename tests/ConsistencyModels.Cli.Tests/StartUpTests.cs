using System.Reflection;
using System.Runtime.Loader;

namespace ConsistencyModels.Cli.Tests;

/// <summary>Commands load only what they need: a library that is not loaded costs no time.</summary>
public sealed class StartUpTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Help_loads_the_parser_and_the_library_at_most() =>
        Assert.Empty(LoadedBy("--help").Except(["System.CommandLine", "cm", "ConsistencyModels", "ConsistencyModels.Imaging"]));

    [Fact]
    public void Info_loads_no_engine_no_imaging_and_no_terminal_library()
    {
        var loaded = LoadedBy("info", TinyModel.Make(_folder));
        Assert.Contains("ConsistencyModels", loaded);
        Assert.DoesNotContain(loaded, name => name is "TorchSharp" or "SkiaSharp" or "Spectre.Console" or "ConsistencyModels.Torch");
    }

    [Fact]
    public void Generate_on_the_cpu_loads_no_libtorch_and_no_terminal_library()
    {
        var loaded = LoadedBy("generate", "--model", TinyModel.Make(_folder), "--out", _folder["out"]);
        Assert.Contains("SkiaSharp", loaded);
        Assert.DoesNotContain(loaded, name => name is "TorchSharp" or "Spectre.Console" or "ConsistencyModels.Torch" or "ConsistencyModels.Training");
    }

    /// <summary>Runs a command in a copy of the program that shares nothing with the tests but the framework.</summary>
    private static string[] LoadedBy(params string[] args)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "cm.dll");
        var context = new ProgramContext(program);
        var assembly = context.LoadFromAssemblyPath(program);
        var console = Activator.CreateInstance(assembly.GetType("ConsistencyModels.Cli.CliConsole")!, new StringWriter(), new StringWriter(), false)!;
        console.GetType().GetProperty("Patience")!.SetValue(console, TimeSpan.FromMinutes(5));
        var app = Activator.CreateInstance(assembly.GetType("ConsistencyModels.Cli.CommandLineApp")!, console, CancellationToken.None, null)!;
        Assert.Equal(0, app.GetType().GetMethod("Run")!.Invoke(app, [args]));
        return [.. context.Assemblies.Select(loaded => loaded.GetName().Name!).Order(StringComparer.Ordinal)];
    }

    private sealed class ProgramContext(string program) : AssemblyLoadContext("cm")
    {
        private readonly AssemblyDependencyResolver _resolver = new(program);

        protected override Assembly? Load(AssemblyName name) =>
            _resolver.ResolveAssemblyToPath(name) is { } path ? LoadFromAssemblyPath(path) : null;

        protected override nint LoadUnmanagedDll(string name) =>
            _resolver.ResolveUnmanagedDllToPath(name) is { } path ? LoadUnmanagedDllFromPath(path) : 0;
    }
}
