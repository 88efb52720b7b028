using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ConsistencyModels.Training.Records;

/// <summary>
/// The whole configuration of a run as this process trains it: sections of keys and JSON values, in the order of reading. It knows
/// nothing of what they mean.
/// </summary>
/// <remarks>Numbers are JSON's, so that no culture shows in them; those that JSON does not have are written as text, "Infinity".</remarks>
/// <param name="sections">The sections, each of another name.</param>
internal sealed class RunDescription(params IEnumerable<RunSection> sections)
{
    /// <summary>The sections.</summary>
    public IReadOnlyList<RunSection> Sections { get; } = [.. sections];

    /// <summary>What it runs on: this library, .NET, the system, processors, and whatever is added.</summary>
    /// <param name="more">Engine, device, threads.</param>
    public static RunSection Versions(params IEnumerable<(string Key, JsonNode? Value)> more) => new(
        "versions",
        [
            ("library", typeof(RunDescription).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion),
            ("runtime", RuntimeInformation.FrameworkDescription),
            ("system", RuntimeInformation.OSDescription),
            ("architecture", RuntimeInformation.ProcessArchitecture.ToString()),
            ("processors", Environment.ProcessorCount),
            .. more,
        ]);

    /// <summary>Writes each section as a property: an object of its keys and values.</summary>
    /// <param name="json">Where, inside an object.</param>
    /// <param name="taken">Names that the object has already.</param>
    /// <exception cref="ArgumentException">A name or a key is there twice.</exception>
    public void WriteTo(Utf8JsonWriter json, IEnumerable<string> taken)
    {
        ThrowIfTwice(taken.Concat(Sections.Select(section => section.Name)));
        foreach (var section in Sections)
        {
            ThrowIfTwice(section.Entries.Select(entry => $"{section.Name}.{entry.Key}"));
            json.WriteStartObject(section.Name);
            foreach (var (key, value) in section.Entries)
            {
                json.WritePropertyName(key);
                Write(json, value);
            }

            json.WriteEndObject();
        }
    }

    private static void Write(Utf8JsonWriter json, JsonNode? value)
    {
        if (value is JsonValue number && number.TryGetValue(out double real) && !double.IsFinite(real))
        {
            json.WriteStringValue(real.ToString(CultureInfo.InvariantCulture));
        }
        else if (value is null)
        {
            json.WriteNullValue();
        }
        else
        {
            value.WriteTo(json);
        }
    }

    private static void ThrowIfTwice(IEnumerable<string> names)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        if (names.FirstOrDefault(name => !seen.Add(name)) is { } twice)
        {
            throw new ArgumentException($"{twice} is in the description twice.");
        }
    }
}

/// <summary>A part of a <see cref="RunDescription"/>.</summary>
/// <param name="name">What it is about: "optimizer".</param>
/// <param name="entries">Keys and values; text, numbers and truth values turn into JSON by themselves.</param>
internal sealed class RunSection(string name, params IEnumerable<(string Key, JsonNode? Value)> entries)
{
    /// <summary>What it is about.</summary>
    public string Name { get; } = name;

    /// <summary>Keys and values.</summary>
    public IReadOnlyList<(string Key, JsonNode? Value)> Entries { get; } = [.. entries];
}
