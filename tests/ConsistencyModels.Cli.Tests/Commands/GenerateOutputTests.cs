using System.Runtime.InteropServices;
using System.Text;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pipelines;

namespace ConsistencyModels.Cli.Tests.Commands;

/// <summary>What else than files of pictures comes out of <c>cm generate</c> and <c>cm edit</c>.</summary>
public sealed class GenerateOutputTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly MemoryStream _bytes = new();

    public void Dispose() => _folder.Dispose();

    private (int Code, string Out, string Error) Run(params string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = new CommandLineApp(new CliConsole(output, error, ErrorIsTerminal: false) { Patience = TimeSpan.FromMinutes(5), OpenOut = () => _bytes }).Run(args);
        return (code, output.ToString(), error.ToString());
    }

    private static float[] Raw(ulong seed, int label) => Pipeline().Generate(new() { Seed = seed, ClassLabels = [label], OutputType = OutputType.Raw }, TestContext.Current.CancellationToken).Values;

    private static ConsistencyModelPipeline Pipeline() => ConsistencyModelPipeline.FromPretrained(RepositoryFiles.Model(BundledModel.Name));

    [Fact]
    public void Floats_take_no_name_that_is_taken_and_are_not_written_over_by_their_latents()
    {
        Cm.Succeed("generate", "--format", "npy", "--seed", "7", "-c", "book", "-o", _folder["floats"]);
        var first = File.ReadAllBytes(_folder["floats", "images-000007.npy"]);
        Cm.Succeed("generate", "--format", "npy", "--seed", "7", "-c", "wall", "-o", _folder["floats"]);
        Assert.Equal(first, File.ReadAllBytes(_folder["floats", "images-000007.npy"]));
        Assert.True(File.Exists(_folder["floats", "images-000007-2.npy"]));
        Assert.Contains("--out is the same file", Cm.Refuse("generate", "-o", _folder["a.safetensors"], "--save-latents", _folder["a.safetensors"]), StringComparison.Ordinal);
        Assert.Contains("cm edit writes pictures", Cm.Refuse("edit", "stroke", "a.png", "-o", _folder["v.npy"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("png")]
    [InlineData("webp")]
    public void A_picture_to_standard_output_is_the_bytes_of_the_file_and_nothing_else(string format)
    {
        var result = Run("generate", "-c", "book", "--seed", "7", "--format", format, "-o", "-");
        Assert.Equal((0, ""), (result.Code, result.Out));
        Cm.Succeed("generate", "-c", "book", "--seed", "7", "-o", _folder[$"a.{format}"]);
        Assert.Equal(File.ReadAllBytes(_folder[$"a.{format}"]), _bytes.ToArray());
        Assert.Contains("1 picture", result.Error);
    }

    [Fact]
    public void An_edit_to_standard_output()
    {
        Cm.Succeed("generate", "-c", "book", "--seed", "7", "-o", _folder["a.png"]);
        Assert.Equal((0, ""), Run("edit", "colorize", _folder["a.png"], "-c", "book", "--seed", "1", "-o", "-") is var result ? (result.Code, result.Out) : default);
        Assert.Equal(32, ImageDecoder.Decode(_bytes.ToArray(), "standard output").Width);
    }

    [Fact]
    public void Standard_output_takes_one_thing()
    {
        Assert.Contains("--json", Cm.Refuse("generate", "-o", "-", "--json"));
        Assert.Contains("2 pictures", Cm.Refuse("generate", "-n", "2", "-o", "-"));
        Assert.Contains("npy", Cm.Refuse("generate", "--format", "npy", "-o", "-"));
    }

    [Fact]
    public void Npy_holds_what_the_sampler_left()
    {
        Cm.Succeed("generate", "-c", "book", "-n", "2", "--seed", "7", "-o", _folder["new/images.npy"]);
        var bytes = File.ReadAllBytes(_folder["new/images.npy"]);
        Assert.Equal([0x93, .. "NUMPY"u8, 1, 0], bytes[..8]);
        var data = 10 + bytes[8] + (256 * bytes[9]);
        Assert.Equal(0, data % 64);
        Assert.Equal("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 32, 32), }", Encoding.ASCII.GetString(bytes[10..data]).TrimEnd());
        Assert.Equal([.. Raw(7, 5), .. Raw(8, 5)], MemoryMarshal.Cast<byte, float>(bytes.AsSpan(data)).ToArray());
    }

    [Fact]
    public void Safetensors_holds_the_same()
    {
        var file = Assert.Single(Cm.Succeed("generate", "-c", "book", "--seed", "7", "--format", "safetensors", "-o", _folder["out"]).OutLines);
        using var tensors = SafetensorsFile.Open(file);
        Assert.Equal([1, 3, 32, 32], tensors.Tensors["images"].Shape);
        var values = new float[3 * 32 * 32];
        tensors.CopyTo("images", values);
        Assert.Equal(Raw(7, 5), values);
    }

    [Fact]
    public void Floats_are_no_pictures()
    {
        Assert.Contains("--grid", Cm.Refuse("generate", "-n", "4", "--grid", "--format", "npy"));
        Assert.Contains("--scale", Cm.Refuse("generate", "--scale", "2", "-o", _folder["a.npy"]));
        Assert.Contains(".npy", Cm.Refuse("generate", "--format", "npy", "-o", _folder["a.png"]));
        Assert.Contains("a.npy", Cm.Refuse("generate", "--format", "safetensors", "-o", _folder["a.npy"]));
    }

    [Fact]
    public void Saved_latents_draw_the_same_pictures()
    {
        var latents = _folder["noise/latents.safetensors"];
        Cm.Succeed("generate", "-c", "book", "-n", "3", "--seed", "7", "-o", _folder["a.npy"], "--save-latents", latents);
        Cm.Succeed("generate", "-c", "book", "--latents", latents, "-o", _folder["b.npy"]);
        Assert.Equal(File.ReadAllBytes(_folder["a.npy"]), File.ReadAllBytes(_folder["b.npy"]));
        Assert.Contains("--latents", Cm.Refuse("generate", "--latents", latents, "--save-latents", _folder["c.safetensors"]));
        Assert.Contains(".safetensors", Cm.Refuse("generate", "--save-latents", _folder["c.png"]));
    }
}
