using ConsistencyModels.Evaluation.Extractors.Graphs;
using ConsistencyModels.Files;

namespace ConsistencyModels.Evaluation.Extractors;

/// <summary>Extractors by name, and files of weights that become one. They are kept in <c>extractors</c> in the library's own cache folder.</summary>
/// <param name="folder">The folder; null for the cache folder's.</param>
public sealed class ExtractorStore(string? folder = null)
{
    /// <summary>ImageNet's ResNet-18, which everybody can have.</summary>
    public const string Default = "resnet18";

    private static readonly IExtractorSource[] Sources = [new ResNet18Source(), new InceptionSource(), new LeNetSource()];

    /// <summary>The names that this library can make files for.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Sources.Select(source => source.Name)];

    /// <summary>The folder.</summary>
    /// <exception cref="ConsistencyModelsException">None was given, and this user has no cache folder.</exception>
    public string Folder => folder ?? (CacheFolders.FromEnvironment().Own is { } own ? Path.Combine(own, "extractors")
        : throw new ConsistencyModelsException($"there is no folder to keep extractors in: set {CacheFolders.OwnVariable}"));

    /// <summary>Finds an extractor's ONNX file, and makes it first where its weights can be found.</summary>
    /// <param name="nameOrPath">A name of <see cref="Names"/>, or a path of an ONNX file.</param>
    /// <exception cref="ConsistencyModelsException">It is not there; the message says how to get it.</exception>
    public string Find(string nameOrPath)
    {
        ArgumentException.ThrowIfNullOrEmpty(nameOrPath);
        if (Sources.FirstOrDefault(source => source.Name == nameOrPath) is not { } known)
        {
            return File.Exists(nameOrPath) ? nameOrPath
                : throw new ConsistencyModelsException($"there is no extractor '{nameOrPath}'; expected {string.Join(", ", Names)} or the path of an ONNX file");
        }

        var made = Path.Combine(Folder, known.Name + ".onnx");
        return File.Exists(made) && File.Exists(Path.ChangeExtension(made, ".json")) ? made
            : known.FindWeights() is { } weights ? Make(known.Name, weights)
            : throw new ConsistencyModelsException($"the extractor {known.Name} is not here: {known.HowToGet}, and then `cm extractor {known.Name} FILE`");
    }

    /// <summary>Opens an extractor.</summary>
    /// <param name="nameOrPath">As for <see cref="Find"/>.</param>
    /// <param name="threads">Threads to compute with; 0 takes one a core.</param>
    /// <exception cref="ConsistencyModelsException">As for <see cref="Find"/> and <see cref="OnnxExtractor.Open"/>.</exception>
    public OnnxExtractor Open(string nameOrPath, int threads = 0) => OnnxExtractor.Open(Find(nameOrPath), threads);

    /// <summary>Makes an extractor of a file of weights, and keeps it.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="weights">The file people have.</param>
    /// <returns>The ONNX file; its manifest is beside it.</returns>
    /// <exception cref="ConsistencyModelsException">There is no such name, the file is missing, damaged or another network's, or cannot be written.</exception>
    public string Make(string name, string weights)
    {
        ArgumentException.ThrowIfNullOrEmpty(weights);
        var source = Sources.FirstOrDefault(source => source.Name == name)
            ?? throw new ConsistencyModelsException($"there is no extractor '{name}' to be made; expected {string.Join(", ", Names)}");
        if (!File.Exists(weights))
        {
            throw new ConsistencyModelsException($"{weights}: no such file; for {name}: {source.HowToGet}");
        }

        var target = Path.Combine(Folder, name + ".onnx");
        try
        {
            Directory.CreateDirectory(Folder);
            var manifest = source.Write(weights, target);
            using var file = File.OpenRead(target);
            (manifest with { Sha256 = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(file)) }).Save(Path.ChangeExtension(target, ".json"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{target}: cannot be written: {Printable.Line(e.Message)}", e);
        }

        return target;
    }
}
