using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cli.Tests.Processes;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Tests.Hub;

namespace ConsistencyModels.Cli.Tests.Checkpoints;

/// <summary>A model that one command takes all commands take; one that is refused is refused in the same words by all.</summary>
public sealed class EveryFormInEveryCommandTests : IDisposable
{
    private static readonly string Pipeline = RepositoryFiles.Golden("openai", "tiny", "diffusers");
    private static readonly string OpenAi = RepositoryFiles.Golden("openai", "tiny", "model_fp32.pt");

    // MODEL is the model's place, OUT a name that is not there yet.
    private static readonly string[] Commands =
    [
        "info MODEL",
        "convert MODEL OUT",
        "export onnx MODEL OUT.onnx",
        "new MODEL --out OUT",
        "train PICTURES --run OUT --init MODEL --batch 2 --images 4 --dry-run",
        "generate -m MODEL -c 2 -o OUT.png",
        "edit stroke PICTURES/floor/0.png -m MODEL -c 2 -o OUT.png",
        "search-steps -m MODEL --reference PICTURES --samples 2",
        "bench MODEL --rounds 1",
    ];

    private readonly TempFolder _folder = new();
    private int _outputs;

    public EveryFormInEveryCommandTests() => TinyModel.Pictures(_folder, 25);

    [Theory]
    [InlineData("a pipeline's folder")]
    [InlineData("a folder without model_index.json")]
    [InlineData("a folder with unet/ only")]
    [InlineData("a network's folder")]
    [InlineData("parameters under old names")]
    [InlineData("shards")]
    [InlineData("safetensors under diffusers' names")]
    [InlineData("safetensors under openai's names")]
    [InlineData("torch under openai's names")]
    [InlineData("torch under diffusers' names")]
    [InlineData("torch in a network's folder")]
    public void What_one_takes_all_take(string form)
    {
        var model = Make(form);
        foreach (var command in Commands)
        {
            Cm.Succeed(Words(command, model));
        }
    }

    [Theory]
    [InlineData("a pipeline whose scheduler is missing", "scheduler_config.json: there is no such file, but model_index.json says that there is")]
    [InlineData("a pipeline whose network is missing", "unet/config.json: no such file")]
    [InlineData("a pipeline of another class", "found \"DDPMPipeline\"")]
    [InlineData("a scheduler of another class than the pipeline says", "found \"EDMEulerScheduler\", expected \"CMStochasticIterativeScheduler\"")]
    [InlineData("an empty folder", "found neither model_index.json nor unet/config.json nor config.json")]
    [InlineData("nothing", "there is no such file or folder")]
    public void What_one_refuses_all_refuse_in_the_same_words(string form, string expected)
    {
        var model = Make(form);
        var lines = Commands.Where(command => form != "nothing" || !command.StartsWith("new", StringComparison.Ordinal)).Select(command => Cm.Refuse(Words(command, model))).ToArray();
        Assert.All(lines, line => Assert.Equal(lines[0], line));
        Assert.Contains(expected, lines[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a pipeline whose scheduler is missing")]
    [InlineData("a folder with unet/ only")]
    public void What_is_missing_can_be_said_everywhere(string form)
    {
        var model = Make(form);
        foreach (var command in Commands.Where(command => command[..3] is not ("new" or "tra")))
        {
            Cm.Succeed([.. Words(command, model), "--kind", "ct"]);
        }
    }

    [Theory]
    [InlineData("a diffusion model")]
    [InlineData("a diffusion model by its name")]
    public void A_diffusion_model_is_one_for_all(string form)
    {
        var model = Make(form);
        foreach (var command in Commands.Where(command => !IsForConsistencyModels(command)))
        {
            Cm.Succeed(Words(command, model));
        }

        Assert.Contains("diffusion model", Cm.Succeed("info", model).Out, StringComparison.Ordinal);
        foreach (var command in Commands.Where(IsForConsistencyModels).Append("export onnx MODEL OUT.onnx --function consistency"))
        {
            Assert.Contains("diffusion model", Cm.Refuse(Words(command, model)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_name_on_the_Hub_stands_wherever_a_folder_does()
    {
        using var fake = new FakeHub();
        foreach (var command in Commands)
        {
            var result = await CmProcess.Run(fake.Environment(), Words(command, "org/model"));
            Assert.True(result.Code == 0, $"{command}: {result.Error}");
        }
    }

    public void Dispose() => _folder.Dispose();

    // The indices of timesteps that it looks for mean nothing to others.
    private static bool IsForConsistencyModels(string command) => command.StartsWith("search-steps", StringComparison.Ordinal);

    private string[] Words(string command, string model)
    {
        var output = _folder[$"out{_outputs++}"];
        return [.. command.Split(' ').Select(word => word.Replace("PICTURES", _folder["pictures"], StringComparison.Ordinal).Replace("OUT", output, StringComparison.Ordinal).Replace("MODEL", model, StringComparison.Ordinal))];
    }

    private string Make(string form)
    {
        var folder = _folder["model"];
        string unet = Path.Combine(folder, "unet"), scheduler = Path.Combine(folder, "scheduler", "scheduler_config.json"), index = Path.Combine(folder, "model_index.json");
        Write(folder);
        switch (form)
        {
            case "a pipeline's folder":
                return folder;
            case "a folder without model_index.json":
                File.Delete(index);
                return folder;
            case "a folder with unet/ only":
                File.Delete(index);
                Directory.Delete(Path.GetDirectoryName(scheduler)!, recursive: true);
                return folder;
            case "a network's folder":
                return unet;
            case "parameters under old names":
                WriteOldNames(unet);
                return folder;
            case "shards":
                Write(folder, new() { MaxShardSize = 500_000 });
                return folder;
            case "safetensors under diffusers' names":
                return Write(_folder["m.safetensors"]);
            case "safetensors under openai's names":
                return Write(_folder["m.safetensors"], new() { Naming = TensorNaming.OpenAi });
            case "torch under openai's names":
                return OpenAi;
            case "torch under diffusers' names":
                return Write(_folder["m.pt"], new() { Naming = TensorNaming.Diffusers });
            case "torch in a network's folder":
                File.Delete(Path.Combine(unet, "diffusion_pytorch_model.safetensors"));
                Write(Path.Combine(unet, "diffusion_pytorch_model.bin"), new() { Naming = TensorNaming.Diffusers });
                return unet;
            case "a pipeline whose scheduler is missing":
                File.Delete(scheduler);
                return folder;
            case "a pipeline whose network is missing":
                File.Delete(Path.Combine(unet, "config.json"));
                return folder;
            case "a pipeline of another class":
                File.WriteAllText(index, File.ReadAllText(index).Replace("ConsistencyModelPipeline", "DDPMPipeline", StringComparison.Ordinal));
                return folder;
            case "a scheduler of another class than the pipeline says":
                File.WriteAllText(scheduler, File.ReadAllText(scheduler).Replace("CMStochasticIterativeScheduler", "EDMEulerScheduler", StringComparison.Ordinal));
                return folder;
            case "an empty folder":
                Directory.CreateDirectory(_folder["empty"]);
                return _folder["empty"];
            case "nothing":
                return _folder["nothing"];
            case "a diffusion model":
                WriteDiffusion(_folder["diffusion"]);
                return _folder["diffusion"];
            case "a diffusion model by its name":
                Write(_folder["edm-tiny"]);
                Directory.Delete(_folder["edm-tiny", "scheduler"], recursive: true);
                File.Delete(_folder["edm-tiny", "model_index.json"]);
                return _folder["edm-tiny"];
            default:
                throw new ArgumentException(form, nameof(form));
        }
    }

    private static string Write(string path, ModelWriteOptions? options = null)
    {
        using var model = ModelReader.Open(Pipeline);
        ModelWriter.Write(model, path, options, cancellationToken: TestContext.Current.CancellationToken);
        return path;
    }

    private static void WriteDiffusion(string folder)
    {
        using var tiny = ModelReader.Open(Pipeline);
        using var model = Model.Of(tiny.Config, kind: ModelKind.Diffusion, openWeights: tiny.OpenWeights);
        ModelWriter.Write(model, folder, cancellationToken: TestContext.Current.CancellationToken);
    }

    private static void WriteOldNames(string unet)
    {
        using var model = ModelReader.Open(Pipeline);
        using var weights = model.OpenWeights();
        WeightWriter.Write(unet, UNet2DDescription.Of(model.Config).Parameters.Select(p => TensorToWrite.FromSource(weights, p.Name, null, p.OldName ?? p.Name)));
    }
}
