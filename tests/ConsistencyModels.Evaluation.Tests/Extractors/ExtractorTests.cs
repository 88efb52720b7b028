using System.IO.Compression;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Evaluation.Extractors;
using ConsistencyModels.Pixels;
using Microsoft.ML.OnnxRuntime;

namespace ConsistencyModels.Evaluation.Tests.Extractors;

public class ExtractorTests
{
    [Fact]
    public void ResNet18_of_many_pictures_gives_what_the_packages_own_files_give_of_one()
    {
        using var folder = new TempFolder();
        var store = new ExtractorStore(folder.Path);
        using var extractor = store.Open("resnet18");
        ImageBuffer[] pictures = [.. Enumerable.Range(1, 3).Select(i => TestImages.Noise(224, 224, 3, i))];
        var found = extractor.Features(pictures);
        Assert.Equal((3, 512), (found.Count, found.Length));

        var package = RestoredPackages.Find(Environment.GetEnvironmentVariable, "Microsoft.ML.DnnImageFeaturizer.ResNet18", "0.23.1")!;
        using var preparation = new InferenceSession(Path.Combine(package, "tools/DnnImageModels/ResNetPrepOnnx/ResNetPreprocess.onnx"));
        using var network = new InferenceSession(Path.Combine(package, "tools/DnnImageModels/ResNet18Onnx/ResNet18.onnx"));
        using var run = new RunOptions();
        for (var i = 0; i < pictures.Length; i++)
        {
            // [C, H, W] of bytes.
            float[] planes = [.. Enumerable.Range(0, 3).SelectMany(c => Enumerable.Range(0, 224 * 224).Select(place => (float)pictures[i].Pixels[(place * 3) + c]))];
            using var image = OrtValue.CreateTensorValueFromMemory(planes, [1, 3, 224, 224]);
            using var prepared = preparation.Run(run, preparation.InputNames, [image], preparation.OutputNames);
            using var features = network.Run(run, network.InputNames, [prepared[0]], network.OutputNames);
            var expected = features[0].GetTensorDataAsSpan<float>().ToArray();
            Assert.All(expected.Zip(found.Row(i).ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-4 * (1 + expected.Max())));
        }

        // Made once, then found.
        var made = File.GetLastWriteTimeUtc(folder.File("resnet18.onnx"));
        Assert.Equal(folder.File("resnet18.onnx"), store.Find("resnet18"));
        Assert.Equal(made, File.GetLastWriteTimeUtc(folder.File("resnet18.onnx")));
        Assert.Equal(extractor.Hash, ExtractorManifest.Load(folder.File("resnet18.json")).Sha256);
    }

    [Fact]
    public void LeNet_is_the_network_written_out()
    {
        using var folder = new TempFolder();
        using var weights = LeNetFile.Random(4);
        using var extractor = new ExtractorStore(folder.Path).MakeLeNet(folder, weights);
        var picture = TestImages.Noise(32, 32, 1, 5);
        var x = new Volume(1, 32, 32, [.. picture.Pixels.Select(value => value / 255f)]);
        foreach (var layer in (string[])["convnet.c1", "convnet.c3"])
        {
            x = PlainNetwork.Pool(PlainNetwork.Map(PlainNetwork.Convolve(weights, layer, x, bias: true), (_, value) => MathF.Tanh(value)), 2, 2, 0, largest: true);
        }

        x = PlainNetwork.Map(PlainNetwork.Convolve(weights, "convnet.c5", x, bias: true), (_, value) => MathF.Tanh(value));
        var expected = PlainNetwork.Linear(weights, "fc.f6", x.Values, bias: true);
        Assert.Equal(84, extractor.FeatureLength);
        Assert.All(expected.Zip(extractor.Features([picture]).Row(0).ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
    }

    [Fact]
    public void Pictures_of_other_sizes_and_channels_are_taken_as_the_manifest_says()
    {
        using var folder = new TempFolder();
        using var weights = LeNetFile.Random(6);
        using var extractor = new ExtractorStore(folder.Path).MakeLeNet(folder, weights);
        var gray = TestImages.Noise(28, 28, 1, 7);
        var both = extractor.Features([gray, gray.WithChannels(3)]);
        Assert.True(both.Row(0).SequenceEqual(extractor.Features([gray]).Row(0)));
        Assert.All(both.Row(0).ToArray().Zip(both.Row(1).ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }

    [Fact]
    public void TensorFlows_resize_puts_corners_on_corners_and_does_not_round()
    {
        var preparation = new PicturePreparation(new() { Name = "x", Width = 4, Height = 2, Channels = 1, Resize = ExtractorResize.TensorFlow1, Low = 0, High = 255 });
        var planes = new float[8];
        preparation.Fill(new ImageBuffer(2, 1, 1, [10, 21]), planes);

        // Places 0, 0.5, 1 and 1.5, the last of which lies beyond the last pixel.
        Assert.Equal([10, 15.5f, 21, 21, 10, 15.5f, 21, 21], planes);
    }

    [Fact]
    public void The_range_ends_at_its_ends_and_channels_have_their_means()
    {
        var preparation = new PicturePreparation(new() { Name = "x", Width = 1, Height = 1, Low = -1, High = 1, Mean = [0, 0.5, 1], Deviation = [1, 0.5, 2] });
        var planes = new float[3];
        preparation.Fill(new ImageBuffer(1, 1, 3, [0, 255, 255]), planes);
        Assert.Equal([-1, 1, 0], planes);
    }

    [Theory]
    [InlineData("""{"name": "x", "width": 0, "height": 8}""", "width")]
    [InlineData("""{"name": "x", "width": 8, "height": 8, "channels": 2}""", "channels")]
    [InlineData("""{"name": "x", "width": 8, "height": 8, "resize": "nearest"}""", "resize")]
    [InlineData("""{"name": "x", "width": 8, "height": 8, "mean": [1]}""", "mean")]
    [InlineData("""{"name": "x", "width": 8, "height": 8, "std": [1, 0, 1]}""", "std")]
    [InlineData("""{"name": "x", "width": 8, "height": 8, "sizes": 3}""", "sizes")]
    public void A_manifest_that_is_wrong_is_refused_by_its_key(string json, string key)
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder.File("x.json"), json);
        Assert.Contains(key, Assert.Throws<ConsistencyModelsException>(() => ExtractorManifest.Load(folder.File("x.json"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_manifest_comes_back_as_it_was_saved()
    {
        using var folder = new TempFolder();
        var manifest = new ExtractorManifest { Name = "clip", Width = 224, Height = 200, Resize = ExtractorResize.Lanczos, Low = -0.25, High = 2, Mean = [0.5, 0.25, 0.125], Deviation = [1, 2, 3], Features = "f", Logits = "l", Sha256 = "ab", Source = "s" };
        manifest.Save(folder.File("clip.json"));
        var loaded = ExtractorManifest.Load(folder.File("clip.json"));
        Assert.Equal(manifest.Mean, loaded.Mean);
        Assert.Equal(manifest.Deviation, loaded.Deviation);
        Assert.Equal(manifest with { Mean = [], Deviation = [] }, loaded with { Mean = [], Deviation = [] });
    }

    [Fact]
    public void What_is_wrong_with_an_extractor_is_said()
    {
        using var folder = new TempFolder();
        using var weights = LeNetFile.Random(8);
        var store = new ExtractorStore(folder.Path);
        string Error(Action action) => Assert.ThrowsAny<ConsistencyModelsException>(action).Message;
        Assert.Contains("cm extractor inception", Error(() => store.Find("inception")), StringComparison.Ordinal);
        Assert.Contains("resnet18, inception, lenet", Error(() => store.Find("nothing")), StringComparison.Ordinal);
        Assert.Contains("no such file", Error(() => store.Make("lenet", folder.File("none.pth"))), StringComparison.Ordinal);
        File.WriteAllBytes(folder.File("wrong.nupkg"), [1, 2, 3]);
        Assert.Contains("package", Error(() => store.Make("resnet18", folder.File("wrong.nupkg"))), StringComparison.Ordinal);
        using (var empty = ZipFile.Open(folder.File("empty.nupkg"), ZipArchiveMode.Create))
        {
            empty.CreateEntry("x");
        }

        Assert.Contains("ResNet18.onnx", Error(() => store.Make("resnet18", folder.File("empty.nupkg"))), StringComparison.Ordinal);

        using (store.MakeLeNet(folder, weights))
        {
        }

        var onnx = folder.File("lenet.onnx");
        var manifest = ExtractorManifest.Load(folder.File("lenet.json"));
        (manifest with { Features = "nothing" }).Save(folder.File("lenet.json"));
        Assert.Contains("'nothing'", Error(() => OnnxExtractor.Open(onnx)), StringComparison.Ordinal);
        (manifest with { Width = 40 }).Save(folder.File("lenet.json"));
        Assert.Contains("as its manifest says", Error(() => OnnxExtractor.Open(onnx)), StringComparison.Ordinal);
        (manifest with { Sha256 = new string('0', 64) }).Save(folder.File("lenet.json"));
        Assert.Contains("SHA-256", Error(() => OnnxExtractor.Open(onnx)), StringComparison.Ordinal);
        File.Delete(folder.File("lenet.json"));
        Assert.Contains("manifest", Error(() => OnnxExtractor.Open(onnx)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_runtimes_library_is_looked_for_in_its_places_and_only_in_the_one_that_is_named()
    {
        using var folder = new TempFolder();
        Assert.Equal([folder.File("mine.so")], OnnxRuntimeLibrary.Places(name => name == OnnxRuntimeLibrary.Variable ? folder.File("mine.so") : null, "/program"));
        Assert.Equal([folder.File(OnnxRuntimeLibrary.FileName)], OnnxRuntimeLibrary.Places(name => name == OnnxRuntimeLibrary.Variable ? folder.Path : null, "/program"));
        var places = OnnxRuntimeLibrary.Places(name => name == "NUGET_PACKAGES" ? folder.Path : null, folder.Path).ToArray();
        Assert.Equal(folder.File(OnnxRuntimeLibrary.FileName), places[0]);
        Assert.Equal(2, places.Length);
    }
}

/// <summary>A LeNet of the published shapes with random weights.</summary>
internal static class LeNetFile
{
    public static ConsistencyModels.Tests.Cpu.MemoryTensors Random(ulong seed) => PlainNetwork.RandomWeights(
        ((string Name, long[] Shape)[])
        [
            ("convnet.c1.weight", [6, 1, 5, 5]), ("convnet.c1.bias", [6]), ("convnet.c3.weight", [16, 6, 5, 5]), ("convnet.c3.bias", [16]),
            ("convnet.c5.weight", [120, 16, 5, 5]), ("convnet.c5.bias", [120]), ("fc.f6.weight", [84, 120]), ("fc.f6.bias", [84]),
            ("fc.f7.weight", [10, 84]), ("fc.f7.bias", [10]),
        ] is var tensors ? tensors.Select(one => (one.Name, (IReadOnlyList<long>)one.Shape)) : [],
        seed);

    /// <summary>Saves the weights as people have them and makes the extractor of the file.</summary>
    public static OnnxExtractor MakeLeNet(this ExtractorStore store, TempFolder folder, ITensorSource weights)
    {
        var file = folder.File("lenet-weights.safetensors");
        SafetensorsWriter.Write(file, [.. weights.Tensors.Values.Select(info => TensorToWrite.FromFloats(info.Name, info.Shape, PlainNetwork.Read(weights, info.Name)))]);
        return OnnxExtractor.Open(store.Make("lenet", file), threads: 1);
    }
}
