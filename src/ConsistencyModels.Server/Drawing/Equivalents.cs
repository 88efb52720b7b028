using System.Globalization;
using System.Text;
using System.Text.Json;
using ConsistencyModels.Models;
using ConsistencyModels.Samplers;
using ConsistencyModels.Server.Requests;

namespace ConsistencyModels.Server.Drawing;

/// <summary>The lines that draw the same pictures elsewhere: on the command line, by curl, in a program.</summary>
internal static class Equivalents
{
    private static readonly string[] NotOfCm = ["model", "seeds", "quality", "add_noise"];

    /// <summary>Writes the three of them as an object.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="plan">What was drawn.</param>
    /// <param name="only">Which result they are to draw; null for all. The frames of a walk are drawn together.</param>
    public static void Write(Utf8JsonWriter json, DrawPlan plan, int? only)
    {
        only = plan.Request.Operation == Operation.Interpolate ? null : only;
        json.WriteStartObject("equivalents");
        json.WriteString("cm", Cm(plan, only));
        json.WriteString("curl", Curl(plan, only));
        json.WriteString("csharp", CSharp(plan, only));
        json.WriteEndObject();
    }

    // A command line; pictures are called as the fields are.
    private static string Cm(DrawPlan plan, int? only)
    {
        var request = plan.Request;
        var line = new StringBuilder("cm ").Append(Fields.Path(request.Operation).Replace('/', ' '));
        foreach (var (name, _) in Pictures(request).Where(picture => picture.Name != "mask"))
        {
            line.Append(' ').Append(name).Append(".png");
        }

        if (Called(plan) is { Length: > 0 } called)
        {
            line.Append(" --model ").Append(Quote(called));
        }

        if (request.Mask is not null)
        {
            line.Append(" --mask mask.png");
        }

        foreach (var (name, value) in Values(plan, only).Where(value => !NotOfCm.Contains(value.Name)))
        {
            switch (name, value)
            {
                case ("width", _):
                    line.Append(CultureInfo.InvariantCulture, $" --size {plan.Size.Width}x{plan.Size.Height}");
                    break;
                case ("height", _):
                    break;
                case (_, true):
                    line.Append(" --").Append(name.Replace('_', '-'));
                    break;
                default:
                    line.Append(" --").Append(name.Replace('_', '-')).Append(' ').Append(Quote(RequestText.Show(value)));
                    break;
            }
        }

        if (request.AddNoise)
        {
            line.Append(" --add-noise");
        }

        if (request.Operation == Operation.Interpolate && request.Seeds is { } ends)
        {
            line.Append(" --seeds ").Append(string.Join(',', ends));
        }

        // Any seeds are one command each.
        return only is null && request is { Operation: Operation.Generate, Seeds: { } seeds }
            ? string.Join('\n', seeds.Select((seed, i) => $"{line} --seed {seed}{(plan.Labels is { } labels ? $" --classes {labels[i % labels.Count]}" : "")}".Replace($" --count {plan.Count}", "", StringComparison.Ordinal)))
            : line.ToString();
    }

    // A command of curl; ADDRESS stands for the server's.
    private static string Curl(DrawPlan plan, int? only)
    {
        var (request, values) = (plan.Request, RequestText.Of(plan, only));
        var line = new StringBuilder("curl ADDRESS/v1/").Append(Fields.Path(request.Operation));
        if (!Pictures(request).Any())
        {
            return line.Append(" --json ").Append(Quote(RequestText.ToJson(values))).ToString();
        }

        foreach (var (name, _) in Pictures(request))
        {
            line.Append(" -F ").Append(name).Append("=@").Append(name).Append(".png");
        }

        foreach (var (name, value) in values)
        {
            line.Append(" -F ").Append(Quote($"{name}={RequestText.Show(value)}"));
        }

        return line.ToString();
    }

    // Lines of C#.
    private static string CSharp(DrawPlan plan, int? only)
    {
        var request = plan.Request;
        int[] results = only is { } one ? [one] : [.. Enumerable.Range(0, plan.Count)];
        var model = $"using var pipeline = DiffusionPipeline.FromPretrained({Literal(Called(plan) is { Length: > 0 } called ? called : plan.Served.Id)});\n";
        var labels = plan.Labels is { } classes ? $", ClassLabels = [{string.Join(", ", results.Select(i => classes[i % classes.Count]))}]" : "";
        var seeds = results.Select(i => request is { Operation: Operation.Generate, Seeds: { } given } ? given[i] : unchecked(plan.Seed + (ulong)i));
        var list = $"Seeds = [{string.Join(", ", seeds)}]";
        var steps = request.Timesteps is { } timesteps ? $"Timesteps = [{string.Join(", ", timesteps)}]" : string.Create(CultureInfo.InvariantCulture, $"NumInferenceSteps = {plan.Sampler.Steps}");
        if (request.Operation == Operation.Generate)
        {
            var own = plan.Kind is not (SamplerKind.Multistep or SamplerKind.Heun) || request.SigmaMax is not null || request.Churn > 0;
            var how = own
                ? string.Create(CultureInfo.InvariantCulture, $"NumInferenceSteps = null, Sampler = new SamplerSettings {{ Kind = SamplerKind.{plan.Kind}, Steps = {plan.Sampler.Steps}{(request.SigmaMax is { } sigma ? $", SigmaMax = {sigma}" : "")}{(request.Churn > 0 ? $", Churn = {request.Churn}" : "")} }}.Create(pipeline.SchedulerConfig)")
                : steps;
            var size = request.Width is null && request.Height is null ? "" : string.Create(CultureInfo.InvariantCulture, $", Width = {plan.Size.Width}, Height = {plan.Size.Height}");
            return model + $"var result = pipeline.Generate(new() {{ {how}, {list}{labels}{size} }});";
        }

        var options = $"new() {{ {steps}, {list}{labels} }}";
        const string Read = "ImageDecoder.DecodeFile(";
        var images = $"[.. Enumerable.Repeat({Read}\"image.png\"), {results.Length})]";
        var level = plan.Sigma is { } noise ? string.Create(CultureInfo.InvariantCulture, $"{noise}") : "";
        return model + "var result = " + request.Operation switch
        {
            Operation.Interpolate when request.Seeds is [var a, var b] => $"pipeline.Interpolate(pipeline.LatentOf({a}), pipeline.LatentOf({b}), {plan.Count}, new() {{ {steps}, Seed = {plan.Seed}{One(plan)} }});",
            Operation.Interpolate => $"pipeline.Interpolate({Read}\"image.png\"), {Read}\"to.png\"), {plan.Count}, {level}, new() {{ {steps}, Seed = {plan.Seed}{One(plan)} }});",
            Operation.Inpaint => $"pipeline.Inpaint({images}, FillMask.FromImage({Read}\"mask.png\")).Known, {options});",
            Operation.Colorize => $"pipeline.Colorize({images}, {options});",
            Operation.Superres => $"pipeline.SuperResolve({images}, {request.Factor}, {options});",
            Operation.Denoise => $"pipeline.Edit({images}, ImageEdit.Denoise({level}{(request.AddNoise ? ", addNoise: true" : "")}), {options});",
            _ => $"pipeline.Stroke({images}, {level}, {options});",
        };
    }

    private static string Called(DrawPlan plan) => plan.Served.Options.Called ?? (ModelLocation.IsOnDisk(plan.Served.Options.Path) ? plan.Served.Id : plan.Served.Options.Path);

    private static string One(DrawPlan plan) => plan.Labels is { } labels ? $", ClassLabels = [{labels[0]}]" : "";

    // Where each picture has a seed of its own, or the line is about classes, cm says it in another way.
    private static IEnumerable<(string Name, object Value)> Values(DrawPlan plan, int? only) => RequestText.Of(plan, only).Where(value =>
        !(value.Name == "classes" && only is null && plan.Request is { Operation: Operation.Generate, Seeds: not null }) && !(value is { Name: "format", Value: "png" }));

    private static IEnumerable<(string Name, ReadOnlyMemory<byte> Bytes)> Pictures(DrawRequest request)
    {
        foreach (var (name, picture) in new[] { ("image", request.Image), ("to", request.To), ("mask", request.Mask) })
        {
            if (picture is { } bytes)
            {
                yield return (name, bytes);
            }
        }
    }

    private static string Quote(string text) =>
        text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or ',' or '-' or '_' or '/' or ':' or '=') ? text : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static string Literal(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
