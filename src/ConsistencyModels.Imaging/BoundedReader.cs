namespace ConsistencyModels.Imaging;

/// <summary>Reads a stream of unknown length to its end, never further than a limit.</summary>
internal static class BoundedReader
{
    /// <summary>All bytes of the stream; memory grows with what arrives, not with what the stream claims.</summary>
    public static byte[] ReadAll(Stream stream, string name, long maxBytes)
    {
        using MemoryStream all = new();
        byte[] block = new byte[64 * 1024];
        int read;
        while ((read = stream.Read(block)) > 0)
        {
            if (all.Length + read > maxBytes)
            {
                throw new ConsistencyModelsException($"{name}: more than {maxBytes} bytes; at most {maxBytes} are accepted.");
            }

            all.Write(block, 0, read);
        }

        return all.ToArray();
    }
}
