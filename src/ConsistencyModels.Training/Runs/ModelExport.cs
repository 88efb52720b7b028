using System.Text.Json;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;
using ConsistencyModels.Schedulers;
using ConsistencyModels.Torch;
using ConsistencyModels.Training.Objectives;

namespace ConsistencyModels.Training.Runs;

/// <summary>Saves a trained network in diffusers' layout.</summary>
public static class ModelExport
{
    /// <summary>
    /// Writes <c>unet/</c> always, and for a consistency model also <c>scheduler/</c> and <c>model_index.json</c>, which make
    /// the folder a pipeline. A diffusion model stays a bare network: as a pipeline it would draw blurs.
    /// </summary>
    /// <param name="folder">The folder, created if needed.</param>
    /// <param name="network">The network to save.</param>
    /// <param name="objective">What it was trained for.</param>
    /// <param name="classNames">Names of the classes in the order of the labels; written if the network has classes.</param>
    /// <param name="dtype">F32, F16 or BF16.</param>
    /// <exception cref="ConsistencyModelsException">A file cannot be written.</exception>
    public static void Save(
        string folder, UNet2DModel network, IObjective objective, IReadOnlyList<string> classNames, TensorDType dtype = TensorDType.F32)
    {
        var unet = Path.Combine(folder, "unet");
        Directory.CreateDirectory(unet);
        var config = network.Description.Config;
        config.Save(Path.Combine(unet, "config.json"));
        SafetensorsWriter.Write(
            Path.Combine(unet, "diffusion_pytorch_model.safetensors"),
            network.Description.Parameters.Select(p => TensorStreams.ToWrite(p.Name, network.ParameterNamed(p.Name), dtype)));
        if (!objective.MakesConsistencyModel)
        {
            return;
        }

        var scheduler = Path.Combine(folder, "scheduler");
        Directory.CreateDirectory(scheduler);
        new CMStochasticIterativeSchedulerConfig().Save(Path.Combine(scheduler, "scheduler_config.json"));
        var index = new ConfigWriter()
            .Set("_class_name", "ConsistencyModelPipeline")
            .Set("unet", ["diffusers", "UNet2DModel"])
            .Set("scheduler", ["diffusers", "CMStochasticIterativeScheduler"]);
        if (config.NumClassEmbeds is not null)
        {
            index.Set("id2label", Labels(classNames));
        }

        // Last: a folder without it is no pipeline yet.
        index.Save(Path.Combine(folder, "model_index.json"));
    }

    private static JsonElement Labels(IReadOnlyList<string> classNames)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            for (var i = 0; i < classNames.Count; i++)
            {
                json.WriteString(i.ToString(System.Globalization.CultureInfo.InvariantCulture), classNames[i]);
            }

            json.WriteEndObject();
        }

        using var document = JsonDocument.Parse(buffer.ToArray());
        return document.RootElement.Clone();
    }
}
