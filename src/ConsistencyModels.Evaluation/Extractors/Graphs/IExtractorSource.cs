namespace ConsistencyModels.Evaluation.Extractors.Graphs;

/// <summary>A network whose ONNX file is made of a file that people have.</summary>
internal interface IExtractorSource
{
    /// <summary>What the extractor is called.</summary>
    string Name { get; }

    /// <summary>Which file is meant and where it comes from, in words.</summary>
    string HowToGet { get; }

    /// <summary>The file, where this machine has it in a known place; else null.</summary>
    string? FindWeights() => null;

    /// <summary>Writes the ONNX file.</summary>
    /// <param name="weights">The file people have.</param>
    /// <param name="path">The ONNX file to write.</param>
    /// <returns>Its manifest, without the hash.</returns>
    /// <exception cref="ConsistencyModelsException">The file is damaged or another network's.</exception>
    ExtractorManifest Write(string weights, string path);
}
