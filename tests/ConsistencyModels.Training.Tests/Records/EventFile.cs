using System.Buffers.Binary;
using System.Text;

namespace ConsistencyModels.Training.Tests.Records;

/// <summary>One event of a file, as a reader sees it that knows nothing of our writer.</summary>
internal sealed record BoardEvent(double Time, long Step, string? Version, bool Starts, IReadOnlyList<BoardValue> Values);

/// <summary>A value of a summary: a scalar, or a picture.</summary>
internal sealed record BoardValue(string Tag, float? Scalar, BoardImage? Image);

/// <summary>A picture of a summary.</summary>
internal sealed record BoardImage(long Height, long Width, long Channels, byte[] Encoded);

/// <summary>Reads event files from their description: TFRecord, and protocol buffers of any fields. Its check sum is bit by bit.</summary>
internal static class EventFile
{
    /// <summary>Every event of a file; fails where a length or a sum is wrong.</summary>
    public static List<BoardEvent> Read(string path)
    {
        List<BoardEvent> events = [];
        ReadOnlySpan<byte> file = File.ReadAllBytes(path);
        while (!file.IsEmpty)
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
            Assert.Equal(Masked(file[..8]), BinaryPrimitives.ReadUInt32LittleEndian(file[8..]));
            var data = file.Slice(12, length);
            Assert.Equal(Masked(data), BinaryPrimitives.ReadUInt32LittleEndian(file[(12 + length)..]));
            events.Add(Event(data));
            file = file[(16 + length)..];
        }

        return events;
    }

    /// <summary>What TensorBoard shows of a folder: its files by name, and at each start all that has its step or a later one forgotten.</summary>
    public static List<(long Step, BoardValue Value)> Shown(string folder)
    {
        List<(long Step, BoardValue Value)> shown = [];
        foreach (var path in Directory.GetFiles(folder, "*tfevents*").Order(StringComparer.Ordinal))
        {
            foreach (var one in Read(path))
            {
                if (one.Starts)
                {
                    shown.RemoveAll(value => value.Step >= one.Step);
                }

                shown.AddRange(one.Values.Select(value => (one.Step, value)));
            }
        }

        return shown;
    }

    private static BoardEvent Event(ReadOnlySpan<byte> data)
    {
        double time = 0;
        long step = 0;
        string? version = null;
        var starts = false;
        List<BoardValue> values = [];
        foreach (var (field, number, bytes) in Fields(data))
        {
            switch (field)
            {
                case 1: time = BitConverter.Int64BitsToDouble(number); break;
                case 2: step = number; break;
                case 3: version = Encoding.UTF8.GetString(bytes); break;
                case 5: values.AddRange(Fields(bytes).Where(f => f.Field == 1).Select(f => Value(f.Bytes))); break;
                case 7: starts = Fields(bytes).Any(f => f is { Field: 1, Number: 1 }); break;
                default: Assert.Fail($"field {field} of an event is not known"); break;
            }
        }

        return new(time, step, version, starts, values);
    }

    private static BoardValue Value(byte[] data)
    {
        var fields = Fields(data).ToDictionary(f => f.Field);
        var image = fields.TryGetValue(4, out var picture) ? Fields(picture.Bytes).ToDictionary(f => f.Field) : null;
        return new(
            Encoding.UTF8.GetString(fields[1].Bytes),
            fields.TryGetValue(2, out var scalar) ? BitConverter.Int32BitsToSingle((int)scalar.Number) : null,
            image is null ? null : new(image[1].Number, image[2].Number, image[3].Number, image[4].Bytes));
    }

    private static List<(int Field, long Number, byte[] Bytes)> Fields(ReadOnlySpan<byte> data)
    {
        List<(int, long, byte[])> fields = [];
        while (!data.IsEmpty)
        {
            var key = Varint(ref data);
            var (field, kind) = ((int)(key >> 3), key & 7);
            switch (kind)
            {
                case 0:
                    fields.Add((field, Varint(ref data), []));
                    break;
                case 1:
                    fields.Add((field, BinaryPrimitives.ReadInt64LittleEndian(data), []));
                    data = data[8..];
                    break;
                case 2:
                    var length = (int)Varint(ref data);
                    fields.Add((field, 0, data[..length].ToArray()));
                    data = data[length..];
                    break;
                case 5:
                    fields.Add((field, BinaryPrimitives.ReadInt32LittleEndian(data), []));
                    data = data[4..];
                    break;
                default:
                    Assert.Fail($"there is no kind {kind}");
                    break;
            }
        }

        return fields;
    }

    private static long Varint(ref ReadOnlySpan<byte> data)
    {
        long value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = data[0];
            data = data[1..];
            value |= (long)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }

    private static uint Masked(ReadOnlySpan<byte> data)
    {
        var crc = 0xffffffffu;
        foreach (var value in data)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82f63b78u : crc >> 1;
            }
        }

        crc = ~crc;
        return unchecked(((crc >> 15) | (crc << 17)) + 0xa282ead8u);
    }
}
