namespace ConsistencyModels.Data.Sources;

/// <summary>Encoded image files behind one root. Reading may be called from several threads at once.</summary>
internal interface IImageSource : IDisposable
{
    /// <summary>What error messages call the root.</summary>
    string Name { get; }

    /// <summary>Paths of the image files below the root, with forward slashes, sorted ordinally.</summary>
    IReadOnlyList<string> Paths { get; }

    /// <summary>What was left out and may be meant, a sentence each.</summary>
    IReadOnlyList<string> Notes { get; }

    /// <summary>The bytes of one file.</summary>
    /// <exception cref="ConsistencyModelsException">The file cannot be read or is larger than the limit.</exception>
    byte[] Read(int index);

    /// <summary>The bytes of a file at the root that is no picture; null if there is none of the name.</summary>
    /// <exception cref="ConsistencyModelsException">The file cannot be read or is larger than the limit.</exception>
    byte[]? ReadRootFile(string name);

    /// <summary>By what the files are known again without reading them.</summary>
    IEnumerable<string> Identity();
}
