namespace ConsistencyModels.Data.Formats.Parquet;

/// <summary>What the end of a parquet file says: which columns there are and where (parquet-format, <c>FileMetaData</c>).</summary>
/// <param name="Leaves">The columns.</param>
/// <param name="Groups">The row groups in order.</param>
/// <param name="Texts">Keys and values that the writer added.</param>
internal sealed record ParquetMetadata(IReadOnlyList<ParquetLeaf> Leaves, IReadOnlyList<ParquetGroup> Groups, IReadOnlyDictionary<string, string> Texts)
{
    /// <summary>Reads it. What is wrong ends as <see cref="ThriftReader"/> says.</summary>
    public static ParquetMetadata Parse(ReadOnlySpan<byte> footer)
    {
        ThriftReader reader = new(footer);
        List<SchemaElement> schema = [];
        List<ParquetGroup> groups = [];
        Dictionary<string, string> texts = new(StringComparer.Ordinal);
        for (int id = 0; reader.Field(ref id, out ThriftType type);)
        {
            switch ((id, type))
            {
                case (2, ThriftType.List):
                    for (int left = reader.List(out _); left > 0; left--)
                    {
                        schema.Add(SchemaElement.Read(ref reader));
                    }

                    break;
                case (4, ThriftType.List):
                    for (int left = reader.List(out _); left > 0; left--)
                    {
                        groups.Add(ParquetGroup.Read(ref reader));
                    }

                    break;
                case (5, ThriftType.List):
                    for (int left = reader.List(out _); left > 0; left--)
                    {
                        ReadText(ref reader, texts);
                    }

                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        List<ParquetLeaf> leaves = [];
        int next = 1;
        for (int left = schema is [var root, ..] ? root.Children : 0; left > 0; left--)
        {
            AddLeaves(schema, ref next, "", 0, 0, 0, leaves);
        }

        return new(leaves, groups, texts);
    }

    private static void AddLeaves(List<SchemaElement> schema, ref int next, string above, int definition, int repetition, int depth, List<ParquetLeaf> leaves)
    {
        const int Deepest = 32;
        if (next >= schema.Count || depth > Deepest)
        {
            throw new InvalidDataException("the schema is not a tree");
        }

        SchemaElement element = schema[next++];
        string path = above.Length == 0 ? element.Name : $"{above}.{element.Name}";
        definition += element.Repetition == 0 ? 0 : 1;
        repetition += element.Repetition == 2 ? 1 : 0;
        if (element.Children == 0)
        {
            leaves.Add(new(path, (ParquetType)element.Type, definition, repetition));
        }

        for (int left = element.Children; left > 0; left--)
        {
            AddLeaves(schema, ref next, path, definition, repetition, depth + 1, leaves);
        }
    }

    private static void ReadText(ref ThriftReader reader, Dictionary<string, string> texts)
    {
        string key = "";
        string value = "";
        for (int id = 0; reader.Field(ref id, out ThriftType type);)
        {
            switch ((id, type))
            {
                case (1, ThriftType.Binary):
                    key = reader.Text();
                    break;
                case (2, ThriftType.Binary):
                    value = reader.Text();
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        texts[key] = value;
    }

    private readonly record struct SchemaElement(int Type, int Repetition, string Name, int Children)
    {
        public static SchemaElement Read(ref ThriftReader reader)
        {
            SchemaElement element = new(-1, 0, "", 0);
            for (int id = 0; reader.Field(ref id, out ThriftType type);)
            {
                switch ((id, type))
                {
                    case (1, ThriftType.Int32):
                        element = element with { Type = reader.Int32() };
                        break;
                    case (3, ThriftType.Int32):
                        element = element with { Repetition = reader.Int32() };
                        break;
                    case (4, ThriftType.Binary):
                        element = element with { Name = reader.Text() };
                        break;
                    case (5, ThriftType.Int32):
                        element = element with { Children = reader.Int32() };
                        break;
                    default:
                        reader.Skip(type);
                        break;
                }
            }

            return element;
        }
    }
}

/// <summary>A column: its place in the tree of names, and how deep optional and repeated parts go.</summary>
/// <param name="Path">The names from the root, with dots.</param>
/// <param name="Type">How its values are stored.</param>
/// <param name="Definition">The level at which a value is there.</param>
/// <param name="Repetition">0 for one value a row.</param>
internal sealed record ParquetLeaf(string Path, ParquetType Type, int Definition, int Repetition);

/// <summary>How values are stored; the numbers of the format.</summary>
internal enum ParquetType
{
    Int32 = 1,
    Int64 = 2,
    ByteArray = 6,
}

/// <summary>A row group: how many rows, and its pieces of columns by their paths.</summary>
internal sealed record ParquetGroup(long Rows, IReadOnlyDictionary<string, ParquetChunk> Chunks)
{
    public static ParquetGroup Read(ref ThriftReader reader)
    {
        long rows = 0;
        Dictionary<string, ParquetChunk> chunks = new(StringComparer.Ordinal);
        for (int id = 0; reader.Field(ref id, out ThriftType type);)
        {
            switch ((id, type))
            {
                case (1, ThriftType.List):
                    for (int left = reader.List(out _); left > 0; left--)
                    {
                        (string path, ParquetChunk chunk) = ParquetChunk.Read(ref reader);
                        chunks[path] = chunk;
                    }

                    break;
                case (3, ThriftType.Int64):
                    rows = reader.Integer();
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        return new(rows, chunks);
    }
}

/// <summary>A piece of a column: where its pages are and how they are packed.</summary>
internal sealed record ParquetChunk(int Codec, long Unpacked, long Packed, long Data, long Dictionary)
{
    /// <summary>Where its first page is. A dictionary comes first; some writers say 0 where there is none.</summary>
    public long Start => Dictionary > 0 ? Math.Min(Dictionary, Data) : Data;

    public static (string Path, ParquetChunk Chunk) Read(ref ThriftReader reader)
    {
        string path = "";
        ParquetChunk chunk = new(0, 0, 0, 0, 0);
        for (int id = 0; reader.Field(ref id, out ThriftType type);)
        {
            if ((id, type) == (3, ThriftType.Struct))
            {
                chunk = chunk.ReadColumn(ref reader, out path);
            }
            else
            {
                reader.Skip(type);
            }
        }

        return (path, chunk);
    }

    private ParquetChunk ReadColumn(ref ThriftReader reader, out string path)
    {
        ParquetChunk chunk = this;
        path = "";
        for (int id = 0; reader.Field(ref id, out ThriftType type);)
        {
            switch ((id, type))
            {
                case (3, ThriftType.List):
                    List<string> names = [];
                    for (int left = reader.List(out _); left > 0; left--)
                    {
                        names.Add(reader.Text());
                    }

                    path = string.Join('.', names);
                    break;
                case (4, ThriftType.Int32):
                    chunk = chunk with { Codec = reader.Int32() };
                    break;
                case (6, ThriftType.Int64):
                    chunk = chunk with { Unpacked = reader.Integer() };
                    break;
                case (7, ThriftType.Int64):
                    chunk = chunk with { Packed = reader.Integer() };
                    break;
                case (9, ThriftType.Int64):
                    chunk = chunk with { Data = reader.Integer() };
                    break;
                case (11, ThriftType.Int64):
                    chunk = chunk with { Dictionary = reader.Integer() };
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        return chunk;
    }
}
