using System.CommandLine;
using System.Text.Json;
using ConsistencyModels.Cli.Help;
using ConsistencyModels.Cli.Reports;
using ConsistencyModels.Files;
using ConsistencyModels.Hub;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm models</c>.</summary>
internal static class ModelsCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context)
    {
        var json = Options.Switch("--json", "Print JSON");
        var command = new CliCommand(
            "models",
            "List the models on this machine and what they take, and what can be downloaded by name.",
            "cm models",
            "cm models --json",
            "cm models remove --packed")
        {
            json,
        };
        command.Add(Remove(context));
        command.SetAction(result =>
        {
            var models = Find();
            if (result.GetValue(json))
            {
                WriteJson(context.Console.Out, models);
            }
            else
            {
                WriteText(context.Console.Out, models);
            }

            return ExitCode.Fine;
        });
        return command;
    }

    private static CliCommand Remove(CommandContext context)
    {
        var name = new Argument<string?>("NAME") { Description = "A downloaded model, by the name that `cm models` shows", Arity = ArgumentArity.ZeroOrOne };
        name.CompletionSources.Add(_ => Find().Downloaded.Select(model => model.Name));
        var packed = Options.Switch("--packed", "The packed weights of all networks: they are made again where they are needed");
        var command = new CliCommand(
            "remove",
            "Remove a downloaded model, or the packed weights that are kept to start large networks sooner.",
            "cm models remove openai/diffusers-cd_imagenet64_l2",
            "cm models remove --packed")
        {
            name, packed,
        };
        command.SetAction(result =>
        {
            var models = Find();
            var removed = (result.GetValue(name), result.GetValue(packed)) switch
            {
                ({ } model, false) => models.Remove(model),
                (null, true) => models.RemovePacked(),
                _ => throw new ConsistencyModelsException("what is to be removed? Give the name of a downloaded model, or --packed"),
            };
            context.Console.Error.WriteLine(removed is null ? "nothing was there" : $"{removed.Name}: {Sizes.Bytes(removed.Bytes)} are free again");
            return ExitCode.Fine;
        });
        return command;
    }

    private static StoredModels Find() => StoredModels.Find(HubOptions.FromEnvironment(), CacheFolders.FromEnvironment().PackedWeights, AppContext.BaseDirectory);

    private static void WriteText(TextWriter output, StoredModels models)
    {
        List<(string, string)> lines = [.. models.Bundled.Select(model => (model.Name, $"{Sizes.Bytes(model.Bytes)}, comes with the program: {model.Folder}"))];
        lines.AddRange(models.Downloaded.Select(model => (model.Name, $"{Sizes.Bytes(model.Bytes)}, downloaded: {model.Folder}")));
        if (models.Packed is { } packed)
        {
            lines.Add((packed.Name, $"{Sizes.Bytes(packed.Bytes)}, of large networks, to load them sooner: {packed.Folder}"));
        }

        TextLines.Write(output, lines);
        output.WriteLine();
        output.WriteLine("To download by name (cm download NAME), besides organisation/name of the Hub:");
        foreach (var name in models.Downloadable)
        {
            output.WriteLine($"  {name}");
        }
    }

    private static void WriteJson(TextWriter output, StoredModels models) => JsonText.Write(output, json =>
    {
        json.WriteStartArray("models");
        foreach (var (model, kind) in models.Bundled.Select(model => (model, "bundled")).Concat(models.Downloaded.Select(model => (model, "downloaded"))))
        {
            Write(json, model, kind);
        }

        json.WriteEndArray();
        json.WriteNumber("packed_bytes", models.Packed?.Bytes ?? 0);
        json.WriteString("packed_folder", models.Packed?.Folder);
        json.WriteStartArray("downloadable");
        foreach (var name in models.Downloadable)
        {
            json.WriteStringValue(name);
        }

        json.WriteEndArray();
    });

    private static void Write(Utf8JsonWriter json, StoredModel model, string kind)
    {
        json.WriteStartObject();
        json.WriteString("name", model.Name);
        json.WriteString("kind", kind);
        json.WriteNumber("bytes", model.Bytes);
        json.WriteString("folder", model.Folder);
        json.WriteEndObject();
    }
}
