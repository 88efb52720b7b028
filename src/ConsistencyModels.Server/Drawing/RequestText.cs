using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ConsistencyModels.Imaging;
using ConsistencyModels.Server.Requests;

namespace ConsistencyModels.Server.Drawing;

/// <summary>A request with every choice filled in: sent again it draws the same pictures. Pictures and masks are not in it.</summary>
internal static class RequestText
{
    /// <summary>The values by the fields' names, in the order of the fields.</summary>
    /// <param name="plan">What was drawn.</param>
    /// <param name="only">Which result it is to draw; null for all.</param>
    public static IReadOnlyList<(string Name, object Value)> Of(DrawPlan plan, int? only)
    {
        var request = plan.Request;
        var whole = only is null || request.Operation == Operation.Interpolate;
        List<(string, object)> values = [("model", plan.Served.Id)];
        Add("rect", request.Rectangle);
        Add("alpha", True(request.Alpha));
        Add("invert", True(request.Invert));
        Add("colorize", True(request.Colorize));
        Add("factor", request.Operation == Operation.Superres ? request.Factor : null);
        Add("sigma", plan.Sigma);
        Add("add_noise", True(request.AddNoise));
        Add("frames", request.Operation == Operation.Interpolate ? request.Frames : null);
        Add("count", request.Operation is Operation.Interpolate ? null : whole ? (plan.Count > 1 || request.Operation == Operation.Variations ? plan.Count : null) : request.Operation == Operation.Variations ? 1 : null);

        // Classes that a seed drew are left to it: after it was asked for a class its noise goes on elsewhere.
        Add("classes", plan.Labels is not { } labels ? null : whole ? labels : new[] { labels[only!.Value % labels.Count] });
        Add("seed", request.Operation == Operation.Generate && request.Seeds is { } given ? (whole ? null : given[only!.Value]) : unchecked(plan.Seed + (whole ? 0 : (ulong)only!.Value)));
        Add("seeds", request.Seeds is { } seeds && (whole || request.Operation == Operation.Interpolate) ? seeds : null);
        Add("sampler", request.Operation == Operation.Generate ? Lower(plan.Kind) : null);
        Add("steps", request.Timesteps is null ? plan.Sampler.Steps : null);
        Add("timesteps", request.Timesteps);
        Add("sigma_max", request.SigmaMax);
        Add("churn", request.Churn > 0 ? request.Churn : null);
        Add("width", request.Width);
        Add("height", request.Height);
        Add("fit", request.Fit is { } fit ? Lower(fit) : null);
        Add("paste", True(request.Paste));
        Add("scale", request.Scale > 1 ? request.Scale : null);
        Add("format", request.Format is { } format ? Lower(format) : "png");
        Add("quality", request.Format == ImageFormat.Jpeg ? request.Quality : null);
        return values;

        void Add(string name, object? value)
        {
            if (value is not null)
            {
                values.Add((name, value));
            }
        }
    }

    /// <summary>Writes the values as an object.</summary>
    public static void Write(Utf8JsonWriter json, IEnumerable<(string Name, object Value)> values)
    {
        json.WriteStartObject();
        foreach (var (name, value) in values)
        {
            json.WritePropertyName(name);
            switch (value)
            {
                case string text:
                    json.WriteStringValue(text);
                    break;
                case bool flag:
                    json.WriteBooleanValue(flag);
                    break;
                case IEnumerable<ulong> seeds:
                    Write(json, seeds, json.WriteNumberValue);
                    break;
                case IEnumerable<int> numbers:
                    Write(json, numbers, json.WriteNumberValue);
                    break;
                default:
                    json.WriteRawValue(Show(value));
                    break;
            }
        }

        json.WriteEndObject();
    }

    /// <summary>The object as a text.</summary>
    public static string ToJson(IEnumerable<(string Name, object Value)> values)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            Write(json, values);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>A value on a command line.</summary>
    public static string Show(object value) => value switch
    {
        bool flag => flag ? "true" : "false",
        IEnumerable<ulong> seeds => string.Join(',', seeds),
        IEnumerable<int> numbers => string.Join(',', numbers),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    private static object? True(bool value) => value ? true : null;

    private static string Lower(Enum value) => value.ToString().ToLowerInvariant();

    private static void Write<T>(Utf8JsonWriter json, IEnumerable<T> values, Action<T> write)
    {
        json.WriteStartArray();
        foreach (var value in values)
        {
            write(value);
        }

        json.WriteEndArray();
    }
}
