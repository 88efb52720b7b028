using System.Globalization;
using System.Text.Json;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cli.Reports;

/// <summary>Shows a <see cref="ModelReport"/>.</summary>
internal static class ModelReportText
{
    private const int LongestValue = 100;

    /// <summary>Shows it to a person.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="report">The report.</param>
    /// <param name="parameters">Whether to list every tensor.</param>
    public static void Write(TextWriter output, ModelReport report, bool parameters)
    {
        TextLines.Write(output, Pairs(report));
        if (parameters)
        {
            output.WriteLine();
            foreach (var tensor in report.Tensors)
            {
                output.WriteLine($"{Printable.Line(tensor.Name)}  {tensor.DType.FormatName()}  [{string.Join(", ", tensor.Shape)}]");
            }
        }
    }

    /// <summary>Shows it to a program.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="report">The report.</param>
    /// <param name="parameters">Whether to list every tensor.</param>
    public static void WriteJson(TextWriter output, ModelReport report, bool parameters) => JsonText.Write(output, json =>
    {
        json.WriteString("path", report.Path);
        json.WriteString("kind", report.Kind);
        json.WriteString("weights", report.Weights);
        json.WriteNumber("parameter_count", report.Parameters);
        json.WriteNumber("bytes", report.Bytes);
        Object(json, "dtypes", report.DTypes.Select(pair => (pair.DType.FormatName(), (Action<string>)(name => json.WriteNumber(name, pair.Count)))));
        Raw(json, "network", report.Network?.ToJson());
        Raw(json, "scheduler", report.Scheduler?.ToJson());
        if (report.ClassNames is { } names)
        {
            Object(json, "class_names", names.ById.Select(pair => (pair.Key.ToString(CultureInfo.InvariantCulture), (Action<string>)(key => json.WriteString(key, pair.Value)))));
        }

        Object(json, "metadata", report.Metadata.Select(pair => (pair.Key, (Action<string>)(key => json.WriteString(key, pair.Value)))));
        JsonText.Strings(json, "unknown_keys", report.UnknownKeys);
        JsonText.Strings(json, "notes", report.Notes);
        if (parameters)
        {
            WriteTensors(json, report);
        }
    });

    private static IEnumerable<(string, string)> Pairs(ModelReport report)
    {
        yield return ("model", report.Path);
        yield return ("kind", report.Kind);
        if (report.Network is { } network)
        {
            yield return ("network", Invariant($"UNet2DModel, {Sizes.Count(report.Parameters)} parameters, {Images(network)}"));
            yield return ("down", Blocks(network.DownBlockTypes, network.BlockOutChannels));
            yield return ("up", Blocks(network.UpBlockTypes, [.. network.BlockOutChannels.Reverse()]));
            yield return ("layers", Invariant($"{network.LayersPerBlock} a block, time by {network.TimeEmbeddingType} embedding ({network.ResnetTimeScaleShift})"));
        }

        var types = string.Join(", ", report.DTypes.Select(pair => report.DTypes.Count == 1 ? pair.DType.FormatName() : $"{pair.Count} {pair.DType.FormatName()}"));
        yield return ("weights", Invariant($"{report.Weights}: {report.Tensors.Count} tensors, {Sizes.Count(report.Parameters)} values, {types}, {Sizes.Bytes(report.Bytes)}"));
        if (report.Network is not null)
        {
            yield return ("classes", Classes(report));
        }

        if (report.Scheduler is { } s)
        {
            yield return ("scheduler", Invariant($"{s.NumTrainTimesteps} timesteps, sigma {s.SigmaMin} to {s.SigmaMax}, rho {s.Rho}, sigma_data {s.SigmaData}{(s.ClipDenoised ? ", clipped" : "")}"));
        }

        if (report.Scheduler is { OwnTimesteps: { Steps.Count: > 0 } own })
        {
            yield return ("timesteps", $"{own} where as many --steps are asked for");
        }

        foreach (var (key, value) in report.Metadata.Where(pair => pair.Key != "format"))
        {
            yield return ("metadata", $"{key}: {(value.Length <= LongestValue ? value : value[..LongestValue] + "...").ReplaceLineEndings(" ")}");
        }

        foreach (var note in report.Notes)
        {
            yield return ("note", note);
        }

        foreach (var key in report.UnknownKeys)
        {
            yield return ("warning", $"{key} is not known here; it is kept and does nothing");
        }
    }

    private static string Images(UNet2DConfig network)
    {
        var channels = network.InChannels == network.OutChannels ? $"{network.InChannels} channels" : $"{network.InChannels} channels in, {network.OutChannels} out";
        return network.SampleSize is { } size ? $"{size}, {channels}" : channels;
    }

    private static string Blocks(IReadOnlyList<string> types, IReadOnlyList<int> channels) =>
        string.Join(", ", types.Zip(channels, (type, width) => Invariant($"{type} {width}")));

    private static string Classes(ModelReport report) => (report.Network!.NumClassEmbeds, report.ClassNames) switch
    {
        (null, _) => "none",
        ({ } count, null) => Invariant($"{count}, without names"),
        ({ } count, { } names) => Invariant($"{count}: {string.Join(", ", names.ById.Select(pair => Invariant($"{pair.Key} {pair.Value}")))}"),
    };

    private static void WriteTensors(Utf8JsonWriter json, ModelReport report)
    {
        json.WriteStartArray("parameters");
        foreach (var tensor in report.Tensors)
        {
            json.WriteStartObject();
            json.WriteString("name", tensor.Name);
            json.WriteString("dtype", tensor.DType.FormatName());
            json.WriteStartArray("shape");
            foreach (var dimension in tensor.Shape)
            {
                json.WriteNumberValue(dimension);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Object(Utf8JsonWriter json, string name, IEnumerable<(string Key, Action<string> Write)> properties)
    {
        json.WriteStartObject(name);
        foreach (var (key, write) in properties)
        {
            write(key);
        }

        json.WriteEndObject();
    }

    private static void Raw(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null)
        {
            using var document = JsonDocument.Parse(text);
            json.WritePropertyName(name);
            document.RootElement.WriteTo(json);
        }
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
