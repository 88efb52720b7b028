using System.Text.Json;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cli.Tests.Commands;

public sealed class InfoTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly string _model;

    public InfoTests() => _model = TinyModel.Make(_folder);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_pipeline_is_described()
    {
        var text = Cm.Succeed("info", _model).Out;
        Assert.Contains("8x8, 3 channels", text);
        Assert.Contains("3: 0 floor, 1 wall, 2 monster", text);
        Assert.Contains("40 timesteps, sigma 0.002 to 80", text);
        Assert.Contains("F32", text);
        Assert.DoesNotContain("warning", text);
    }

    [Fact]
    public void What_was_chosen_among_several_networks_is_said_by_every_command()
    {
        var file = _folder["two.safetensors"];
        using (var source = SafetensorsFile.Open(TinyModel.Weights(_model)))
        {
            SafetensorsWriter.Write(file, new[] { "model.", "ema_model." }.SelectMany(prefix => source.Tensors.Keys.Select(name => TensorToWrite.FromSource(source, name, null, prefix + name))));
        }

        File.Copy(Path.Combine(_model, "unet", "config.json"), _folder["config.json"]);
        const string note = "the weights are 'ema_model'; --entry takes 'model' instead";
        Assert.Contains(note, Cm.Succeed("info", file).Out);
        string[][] commands = [["info", file], ["generate", "-m", file, "-o", _folder["a.png"]], ["edit", "colorize", TinyModel.Pictures(_folder) + "/wall/0.png", "-m", file, "-o", _folder["b.png"]]];
        foreach (var command in commands)
        {
            using var json = JsonDocument.Parse(Cm.Succeed([.. command, "--json"]).Out);
            Assert.Contains(note, json.RootElement.GetProperty("notes").EnumerateArray().Select(text => text.GetString()));
        }

        Assert.Contains($"note: {file}: {note}", Cm.Succeed("convert", file, _folder["out"]).Error);
        Assert.DoesNotContain("note", Cm.Succeed("convert", file, _folder["out2"], "--entry", "model").Error);
    }

    [Theory]
    [InlineData("module.")]
    [InlineData("_orig_mod.")]
    [InlineData("_orig_mod.module.")]
    public void Prefixes_of_training_programs_are_described_as_they_are_read(string prefix)
    {
        var file = _folder["prefixed.safetensors"];
        using (var source = SafetensorsFile.Open(TinyModel.Weights(_model)))
        {
            SafetensorsWriter.Write(file, source.Tensors.Keys.Select(name => TensorToWrite.FromSource(source, name, null, prefix + name)));
        }

        File.Copy(Path.Combine(_model, "unet", "config.json"), _folder["config.json"], overwrite: true);
        Assert.Contains("8x8, 3 channels", Cm.Succeed("info", file).Out);
        File.Copy(file, TinyModel.Weights(_model), overwrite: true);
        Assert.Contains("8x8, 3 channels", Cm.Succeed("info", _model).Out);
        Cm.Succeed("generate", "--model", _model, "--out", _folder["a.png"]);
    }

    [Fact]
    public void Parameters_are_listed_with_their_shapes()
    {
        var network = UNet2DDescription.Of(UNet2DConfig.Load(Path.Combine(_model, "unet", "config.json")));
        using var json = JsonDocument.Parse(Cm.Succeed("info", _model, "--parameters", "--json").Out);
        Assert.Equal(network.ParameterCount, json.RootElement.GetProperty("parameter_count").GetInt64());
        var listed = json.RootElement.GetProperty("parameters").EnumerateArray()
            .ToDictionary(p => p.GetProperty("name").GetString()!, p => p.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64()).ToArray());
        Assert.Equal(network.Parameters.Count, listed.Count);
        Assert.All(network.Parameters, parameter => Assert.Equal(parameter.Shape, listed[parameter.Name]));
        Assert.Contains("conv_in.weight  F32  [8, 3, 3, 3]", Cm.Succeed("info", _model, "--parameters").Out);
    }

    [Fact]
    public void Unknown_keys_of_configurations_are_a_warning()
    {
        var path = Path.Combine(_model, "unet", "config.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"act_fn\"", "\"shiny_new_key\": 1, \"_private\": 2, \"act_fn\""));
        var text = Cm.Succeed("info", _model).Out;
        Assert.Contains("unet/config.json: shiny_new_key", text);
        Assert.DoesNotContain("_private", text);
    }

    [Fact]
    public void A_network_without_a_pipeline_and_a_bare_file_are_described()
    {
        Assert.Contains("no pipeline", Cm.Succeed("info", Path.Combine(_model, "unet")).Out);
        Assert.Contains("UNet2DModel", Cm.Succeed("info", TinyModel.Weights(_model)).Out);
        var bare = _folder["bare.safetensors"];
        File.Copy(TinyModel.Weights(_model), bare);
        var text = Cm.Succeed("info", bare).Out;
        Assert.Contains("cannot be inferred", text);
        Assert.DoesNotContain("UNet2DModel", text);
    }

    [Fact]
    public void Something_else_is_refused()
    {
        Assert.Contains("0.png: this picture says nothing of how it was made", Cm.Refuse("info", TinyModel.Pictures(_folder, 1) + "/floor/0.png"));
        Assert.Contains("model_index.json", Cm.Refuse("info", _folder["pictures"]));
    }
}
