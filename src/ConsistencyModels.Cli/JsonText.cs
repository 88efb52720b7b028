using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ConsistencyModels.Cli;

/// <summary>Results for programs.</summary>
internal static class JsonText
{
    /// <summary>Writes one indented JSON object and a line end.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="properties">Writes the properties.</param>
    public static void Write(TextWriter output, Action<Utf8JsonWriter> properties)
    {
        using var buffer = new MemoryStream();
        var options = new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var json = new Utf8JsonWriter(buffer, options))
        {
            json.WriteStartObject();
            properties(json);
            json.WriteEndObject();
        }

        output.WriteLine(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
    }
}
