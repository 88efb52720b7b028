using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace ConsistencyModels.Data.Formats;

/// <summary>
/// The header of numpy's .npy format: a mark, a version, a length, and a Python dictionary of three known keys. It is read by a grammar of just
/// that; nothing in it is evaluated.
/// </summary>
/// <param name="Type">numpy's name of the numbers, such as <c>|u1</c> or <c>&lt;i8</c>.</param>
/// <param name="Shape">The dimensions.</param>
internal sealed record NpyHeader(string Type, long[] Shape)
{
    private const int LongestHeader = 1 << 16;
    private const int MostDimensions = 8;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Reads a header; the stream is at the first number then.</summary>
    public static NpyHeader Read(Stream stream, string name)
    {
        byte[] start = new byte[8];
        DataStreams.ReadExactly(stream, start, name, "its header");
        if (!start.AsSpan().StartsWith(Magic) || start[6] is < 1 or > 3)
        {
            throw new ConsistencyModelsException($"{name}: is no .npy array of a known version.");
        }

        byte[] size = new byte[start[6] == 1 ? 2 : 4];
        DataStreams.ReadExactly(stream, size, name, "its header");
        uint length = size.Length == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(size) : BinaryPrimitives.ReadUInt32LittleEndian(size);
        if (length > LongestHeader)
        {
            throw new ConsistencyModelsException($"{name}: says its header has {length} bytes; at most {LongestHeader} are accepted.");
        }

        byte[] text = new byte[length];
        DataStreams.ReadExactly(stream, text, name, "its header");
        return new Parser(Encoding.Latin1.GetString(text), name).Header();
    }

    private ref struct Parser(string text, string name)
    {
        private int _at;

        public NpyHeader Header()
        {
            string? type = null;
            long[]? shape = null;
            Expect('{');
            while (Peek() != '}')
            {
                string key = Text();
                Expect(':');
                switch (key)
                {
                    case "descr" when type is null:
                        type = Text();
                        break;
                    case "shape" when shape is null:
                        shape = Dimensions();
                        break;
                    case "fortran_order":
                        if (Word() != "False")
                        {
                            throw Wrong("column by column (fortran_order); expected row by row");
                        }

                        break;
                    default:
                        throw Wrong($"the key {Printable.Quote(key)}");
                }

                if (Peek() == ',')
                {
                    _at++;
                }
            }

            return type is not null && shape is not null ? new(type, shape) : throw Wrong("no descr or no shape");
        }

        private string Text()
        {
            char quote = Peek();
            int end = quote is '\'' or '"' ? text.IndexOf(quote, _at + 1) : -1;
            if (end < 0)
            {
                throw Wrong("no text where one was expected");
            }

            string value = text[(_at + 1)..end];
            _at = end + 1;
            return value;
        }

        private string Word()
        {
            Peek();
            int start = _at;
            while (_at < text.Length && char.IsAsciiLetter(text[_at]))
            {
                _at++;
            }

            return text[start.._at];
        }

        private long[] Dimensions()
        {
            List<long> dimensions = [];
            Expect('(');
            while (Peek() != ')')
            {
                int start = _at;
                while (_at < text.Length && char.IsAsciiDigit(text[_at]))
                {
                    _at++;
                }

                if (dimensions.Count == MostDimensions || !long.TryParse(text.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out long dimension))
                {
                    throw Wrong("no shape that can be read");
                }

                dimensions.Add(dimension);
                if (Peek() == ',')
                {
                    _at++;
                }
            }

            _at++;
            return [.. dimensions];
        }

        private char Peek()
        {
            while (_at < text.Length && text[_at] is ' ' or '\n')
            {
                _at++;
            }

            return _at < text.Length ? text[_at] : throw Wrong("an end in the middle");
        }

        private void Expect(char expected)
        {
            if (Peek() != expected)
            {
                throw Wrong($"no '{expected}' where one was expected");
            }

            _at++;
        }

        private readonly ConsistencyModelsException Wrong(string what) => new($"{name}: its header has {what}: {Printable.Line(text, 120)}");
    }
}
