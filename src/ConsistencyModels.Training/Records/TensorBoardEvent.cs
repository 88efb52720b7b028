using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace ConsistencyModels.Training.Records;

/// <summary>
/// The messages of an event file, as protocol buffers: those few fields of event.proto and summary.proto that TensorBoard needs.
/// </summary>
internal static class TensorBoardEvent
{
    // Event
    private const int WallTime = 1;
    private const int Step = 2;
    private const int FileVersion = 3;
    private const int Summary = 5;
    private const int SessionLog = 7;

    // SessionLog
    private const int Status = 1;
    private const int StatusStart = 1;

    // Summary, and its Value
    private const int Value = 1;
    private const int Tag = 1;
    private const int SimpleValue = 2;
    private const int ImageValue = 4;

    // Summary.Image
    private const int Height = 1;
    private const int Width = 2;
    private const int ColorSpace = 3;
    private const int Encoded = 4;

    private static ReadOnlySpan<byte> PngSignature => [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

    /// <summary>A file's first event.</summary>
    /// <param name="time">Seconds since 1970.</param>
    public static ArrayBufferWriter<byte> Version(double time)
    {
        var message = Begin(time, 0);
        message.Text(FileVersion, "brain.Event:2");
        return message;
    }

    /// <summary>A process begins: what was of this step or a later one is void.</summary>
    /// <param name="time">Seconds since 1970.</param>
    /// <param name="step">The first step to come.</param>
    public static ArrayBufferWriter<byte> Start(double time, long step)
    {
        var message = Begin(time, step);
        message.Message(SessionLog, log => log.Number(Status, StatusStart));
        return message;
    }

    /// <summary>Scalars; those that are not finite are left out.</summary>
    /// <param name="time">Seconds since 1970.</param>
    /// <param name="step">The step.</param>
    /// <param name="values">Tags and values.</param>
    public static ArrayBufferWriter<byte> Scalars(double time, long step, ReadOnlySpan<(string Tag, double Value)> values)
    {
        var summary = new ArrayBufferWriter<byte>();
        foreach (var (tag, number) in values)
        {
            if (float.IsFinite((float)number))
            {
                summary.Message(Value, value =>
                {
                    value.Text(Tag, tag);
                    value.Float(SimpleValue, (float)number);
                });
            }
        }

        var message = Begin(time, step);
        message.Bytes(Summary, summary.WrittenSpan);
        return message;
    }

    /// <summary>A picture.</summary>
    /// <param name="time">Seconds since 1970.</param>
    /// <param name="step">The step.</param>
    /// <param name="tag">Its name.</param>
    /// <param name="png">A PNG file.</param>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static ArrayBufferWriter<byte> Image(double time, long step, string tag, ReadOnlySpan<byte> png)
    {
        var (width, height, channels) = PngSize(png);
        var image = new ArrayBufferWriter<byte>(png.Length + 64);
        image.Number(Height, height);
        image.Number(Width, width);
        image.Number(ColorSpace, channels);
        image.Bytes(Encoded, png);
        var message = Begin(time, step);
        message.Message(Summary, summary => summary.Message(Value, value =>
        {
            value.Text(Tag, tag);
            value.Bytes(ImageValue, image.WrittenSpan);
        }));
        return message;
    }

    private static ArrayBufferWriter<byte> Begin(double time, long step)
    {
        var message = new ArrayBufferWriter<byte>();
        message.Double(WallTime, time);
        if (step != 0)
        {
            message.Number(Step, step);
        }

        return message;
    }

    // The header chunk comes first, at a fixed place: width, height, bits, colour type.
    private static (long Width, long Height, int Channels) PngSize(ReadOnlySpan<byte> png)
    {
        const int colorType = 25;
        if (png.Length <= colorType || !png.StartsWith(PngSignature) || !png[12..].StartsWith("IHDR"u8))
        {
            throw new ArgumentException("This is not a PNG file.", nameof(png));
        }

        return (BinaryPrimitives.ReadUInt32BigEndian(png[16..]), BinaryPrimitives.ReadUInt32BigEndian(png[20..]), png[colorType] switch { 0 => 1, 4 => 2, 6 => 4, _ => 3 });
    }
}

/// <summary>Fields of a protocol buffer (protobuf.dev, "Encoding"): a key, that is the field's number and the kind of its value, and the value.</summary>
internal static class ProtocolBuffer
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int LengthDelimited = 2;
    private const int Fixed32 = 5;

    public static void Number(this ArrayBufferWriter<byte> to, int field, long value)
    {
        to.Key(field, Varint);
        to.Varying((ulong)value);
    }

    public static void Double(this ArrayBufferWriter<byte> to, int field, double value)
    {
        to.Key(field, Fixed64);
        BinaryPrimitives.WriteDoubleLittleEndian(to.GetSpan(sizeof(double)), value);
        to.Advance(sizeof(double));
    }

    public static void Float(this ArrayBufferWriter<byte> to, int field, float value)
    {
        to.Key(field, Fixed32);
        BinaryPrimitives.WriteSingleLittleEndian(to.GetSpan(sizeof(float)), value);
        to.Advance(sizeof(float));
    }

    public static void Text(this ArrayBufferWriter<byte> to, int field, string value) => to.Bytes(field, Encoding.UTF8.GetBytes(value));

    public static void Bytes(this ArrayBufferWriter<byte> to, int field, ReadOnlySpan<byte> value)
    {
        to.Key(field, LengthDelimited);
        to.Varying((ulong)value.Length);
        to.Write(value);
    }

    public static void Message(this ArrayBufferWriter<byte> to, int field, Action<ArrayBufferWriter<byte>> write)
    {
        var message = new ArrayBufferWriter<byte>();
        write(message);
        to.Bytes(field, message.WrittenSpan);
    }

    private static void Key(this ArrayBufferWriter<byte> to, int field, int kind) => to.Varying((ulong)((field << 3) | kind));

    // Seven bits a byte, the lowest first; the eighth says that more come.
    private static void Varying(this ArrayBufferWriter<byte> to, ulong value)
    {
        for (; value > 0x7f; value >>= 7)
        {
            to.Write([(byte)(value | 0x80)]);
        }

        to.Write([(byte)value]);
    }
}
