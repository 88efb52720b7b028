using System.Text.RegularExpressions;
using ConsistencyModels.Cli.Tests.Processes;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Tests.Examples;

/// <summary>A folder with everything the examples name, so that they can be run as they stand: small models under the names of large ones.</summary>
public sealed class ExampleFolder : IDisposable
{
    private const int Classes = 1000;

    private static readonly string[] Pictures =
    [
        "photo.png", "tile.png", "small.png", "noisy.png", "gray.png", "sketch.png", "a.png", "b.png", "book.png", "altar.png", "wall.png", "book2.png",
        "docs/images/edit/sketch.png",
    ];

    private readonly TempFolder _folder = new();

    public ExampleFolder()
    {
        // The program itself, by its name.
        Directory.CreateDirectory(_folder["bin"]);
        File.CreateSymbolicLink(_folder["bin/cm"], CmProcess.Path);
        Directory.CreateDirectory(_folder["models"]);
        Directory.CreateSymbolicLink(_folder["models/crawl-tiles-32"], RepositoryFiles.Path("models/crawl-tiles-32"));
        File.WriteAllText(_folder["keys.txt"], "a-key-of-sixteen-characters\n");
        foreach (var (i, name) in Pictures.Index())
        {
            Save(name, Noise(32, 32, 3, i));
        }

        Save("old.png", Noise(32, 32, 4, 50));
        Save("map.png", Noise(40, 24, 3, 51));
        var mask = new ImageBuffer(32, 32, 1);
        mask.Row(3).Fill(byte.MaxValue);
        Save("mask.png", mask);
        foreach (var folder in (string[])["PICTURES", "pictures"])
        {
            for (var i = 0; i < 16; i++)
            {
                Save($"{folder}/{(i % 2 == 0 ? "day" : "night")}/{i}.png", Noise(32, 32, 3, i));
            }
        }

        for (var i = 0; i < 60; i++)
        {
            Save($"held-out/{i}.png", Noise(32, 32, 3, i));
        }

        for (var i = 0; i < 30; i++)
        {
            Save($"cifar10/{(i % 2 == 0 ? "test" : "train")}/cat/{i}.png", Noise(32, 32, 3, i));
        }

        Cm.Succeed("evaluate", _folder["held-out"], "--reference", _folder["held-out"], "-n", "8", "--reference-count", "8", "--out", _folder["runs/eval"], "--quiet");

        var config = TinyModel.Config(_folder);
        // One that openai's names can say, with classes enough for the published models' numbers.
        File.WriteAllText(_folder["config.json"], Regex.Replace(
            File.ReadAllText(RepositoryFiles.Golden("openai", "tiny", "diffusers", "unet", "config.json")), "\"num_class_embeds\": \\d+", $"\"num_class_embeds\": {Classes}"));
        foreach (var name in (string[])["FOLDER", "MODEL", "imagenet64", "openai/diffusers-cd_imagenet64_l2", "path/to/diffusers-cd_imagenet64_l2", "models/a", "models/b"])
        {
            Cm.Succeed("new", _folder["config.json"], "--out", _folder[name], "--quiet");
        }

        foreach (var name in (string[])["cd_imagenet64_l2.pt", "mine.pt", "model.pt"])
        {
            File.Copy(RepositoryFiles.Golden("openai", "tiny", "model_fp32.pt"), _folder[name]);
        }

        Cm.Succeed("convert", _folder["FOLDER"], _folder["weights.safetensors"], "--quiet");
        Cm.Succeed("generate", "-c", "book", "--seed", "7", "-o", _folder["out"], "--quiet");
        foreach (var (run, objective) in ((string, string)[])[("runs/edm", "edm"), ("RUN", "edm"), ("edm", "edm"), ("runs/ect", "ect")])
        {
            Cm.Succeed("train", _folder["PICTURES"], "--run", _folder[run], "--objective", objective, "--network", config, "--images", "8", "--batch", "8", "--quiet");
        }

        Digits();
        Cm.Succeed("train", _folder["MNIST"], "--preset", "mnist28-edm", "--run", _folder["runs/digits"], "--images", "8", "--batch", "8", "--quiet");
        Cm.Succeed("train", _folder["MNIST"], "--preset", "mnist28-ect", "--init", _folder["runs/digits/model"], "--run", _folder["runs/digits-ect"], "--images", "8", "--batch", "8", "--quiet");
    }

    public void Dispose() => _folder.Dispose();

    // MNIST's two files of pictures and two of labels, with ten of each.
    private void Digits()
    {
        const int count = 10, side = 28;
        Directory.CreateDirectory(_folder["MNIST"]);
        var pixels = new byte[count * side * side];
        new System.Random(1).NextBytes(pixels);
        foreach (var part in (string[])["train", "t10k"])
        {
            File.WriteAllBytes(_folder["MNIST", $"{part}-images-idx3-ubyte"], [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, side, 0, 0, 0, side, .. pixels]);
            File.WriteAllBytes(_folder["MNIST", $"{part}-labels-idx1-ubyte"], [0, 0, 8, 1, 0, 0, 0, count, .. Enumerable.Range(0, count).Select(label => (byte)label)]);
        }
    }

    /// <summary>Where it is.</summary>
    public string Path => _folder.Path;

    /// <summary>Runs a line as a shell would.</summary>
    internal async Task<Cm.Result> Run(string line)
    {
        using var process = CmProcess.Shell(line, _folder.Path, _folder["bin"]);
        return await CmProcess.Finish(process);
    }

    /// <summary>Runs a line that serves, until it is ready, and tells it to stop.</summary>
    internal async Task<Cm.Result> Serve(string line)
    {
        using var process = CmProcess.Shell($"exec {line}", _folder.Path, _folder["bin"]);
        var said = await ServeProcessTests.WhenReady(process);
        CmProcess.Signal(process, CmProcess.Terminate);
        var result = await CmProcess.Finish(process);
        return result with { Error = said + result.Error };
    }

    private static ImageBuffer Noise(int width, int height, int channels, int seed)
    {
        var image = new ImageBuffer(width, height, channels);
        new System.Random(seed).NextBytes(image.Pixels);
        return image;
    }

    private void Save(string name, ImageBuffer image)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(_folder[name])!);
        ImageEncoder.SaveFile(image, _folder[name]);
    }
}
