using System.Security.Cryptography;
using ConsistencyModels.Evaluation.Metrics;
using ConsistencyModels.Pixels;
using Microsoft.ML.OnnxRuntime;

namespace ConsistencyModels.Evaluation.Extractors;

/// <summary>A network that says what pictures show: an ONNX file with its manifest, run by ONNX Runtime. One batch at a time.</summary>
public sealed class OnnxExtractor : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly string[] _outputs;
    private readonly PicturePreparation _preparation;
    private readonly int[] _lengths;

    private OnnxExtractor(string path, string hash, ExtractorManifest manifest, InferenceSession session, string[] outputs)
    {
        (FilePath, Hash, Manifest, _session, _outputs) = (path, hash, manifest, session, outputs);
        _preparation = new(manifest);

        // One picture says how long the outputs are: a file may leave them open.
        using var probe = RunSession(new float[_preparation.Length], 1);
        _lengths = [.. probe.Select(value => (int)Math.Min(int.MaxValue, value.GetTensorTypeAndShape().ElementCount))];
    }

    /// <summary>The ONNX file.</summary>
    public string FilePath { get; }

    /// <summary>SHA-256 of the ONNX file, in hexadecimal.</summary>
    public string Hash { get; }

    /// <summary>What the network takes and gives.</summary>
    public ExtractorManifest Manifest { get; }

    /// <summary>Numbers in a feature vector.</summary>
    public int FeatureLength => _lengths[0];

    /// <summary>Version of ONNX Runtime.</summary>
    public static string RuntimeVersion => OrtEnv.Instance().GetVersionString();

    internal PicturePreparation Preparation => _preparation;

    internal int SpatialLength => Manifest.Spatial is null ? 0 : _lengths[1];

    internal int LogitLength => Manifest.Logits is null ? 0 : _lengths[^1];

    /// <summary>Opens a file with its manifest.</summary>
    /// <param name="path">The ONNX file; the manifest has the same name with <c>.json</c>.</param>
    /// <param name="threads">Threads to compute with; 0 takes one a core.</param>
    /// <exception cref="ConsistencyModelsException">
    /// A file is missing or damaged, has another hash than its manifest says, does not fit it, or ONNX Runtime is not there.
    /// </exception>
    public static OnnxExtractor Open(string path, int threads = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
        {
            throw new ConsistencyModelsException($"{path}: no such file, expected an ONNX file");
        }

        var description = Path.ChangeExtension(path, ".json");
        if (!File.Exists(description))
        {
            throw new ConsistencyModelsException(
                $"{description}: not there; an extractor has its manifest beside it, such as "
                + """{"name": "clip-vit-b32", "width": 224, "height": 224, "resize": "bicubic", "low": 0, "high": 1, "mean": [0.481, 0.458, 0.408], "std": [0.269, 0.261, 0.276], "features": "image_embeds"}""");
        }

        var manifest = ExtractorManifest.Load(description);
        using var file = File.OpenRead(path);
        var hash = Convert.ToHexStringLower(SHA256.HashData(file));
        if (manifest.Sha256 is { } expected && !string.Equals(expected, hash, StringComparison.OrdinalIgnoreCase))
        {
            throw new ConsistencyModelsException($"{path}: its SHA-256 is {hash}, the manifest beside it says {expected}: it is another file, or damaged");
        }

        _ = OnnxRuntimeLibrary.Path;
        using var options = new SessionOptions { IntraOpNumThreads = threads, InterOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        InferenceSession? session = null;
        try
        {
            session = new(path, options);
            return new(path, hash, manifest, session, Outputs(path, manifest, session));
        }
        catch (OnnxRuntimeException e)
        {
            session?.Dispose();
            throw new ConsistencyModelsException($"{path}: ONNX Runtime cannot run it as its manifest says ({manifest.Channels} x {manifest.Height} x {manifest.Width}): {Printable.Line(e.Message, 300)}", e);
        }
        catch
        {
            session?.Dispose();
            throw;
        }
    }

    /// <summary>Features of pictures, of any sizes; what an image's are does not depend on the others but for rounding.</summary>
    /// <param name="pictures">At least one.</param>
    public FeatureMatrix Features(IReadOnlyList<ImageBuffer> pictures)
    {
        ArgumentNullException.ThrowIfNull(pictures);
        using var values = RunSession(Prepare(pictures), pictures.Count);
        return new(values[0].GetTensorDataAsSpan<float>().ToArray(), FeatureLength);
    }

    /// <summary>Closes the network.</summary>
    public void Dispose()
    {
        _run.Dispose();
        _session.Dispose();
    }

    /// <summary>Pictures as a batch [N, C, H, W].</summary>
    internal float[] Prepare(IReadOnlyList<ImageBuffer> pictures)
    {
        var batch = new float[pictures.Count * _preparation.Length];
        Parallel.For(0, pictures.Count, i => _preparation.Fill(pictures[i], batch.AsSpan(i * _preparation.Length, _preparation.Length)));
        return batch;
    }

    /// <summary>Features, then spatial features and logits where the manifest has them.</summary>
    internal IDisposableReadOnlyCollection<OrtValue> RunSession(float[] batch, int count)
    {
        using var input = OrtValue.CreateTensorValueFromMemory(batch, [count, Manifest.Channels, Manifest.Height, Manifest.Width]);
        return _session.Run(_run, [_session.InputNames[0]], [input], _outputs);
    }

    private static string[] Outputs(string path, ExtractorManifest manifest, InferenceSession session)
    {
        if (session.InputNames.Count != 1)
        {
            throw new ConsistencyModelsException($"{path}: has {session.InputNames.Count} inputs ({string.Join(", ", session.InputNames.Select(Printable.Quote))}); expected one, the images");
        }

        List<string> outputs = [manifest.Features ?? session.OutputNames[0]];
        outputs.AddRange(((string?[])[manifest.Spatial, manifest.Logits]).OfType<string>());
        return outputs.FirstOrDefault(name => !session.OutputNames.Contains(name)) is { } missing
            ? throw new ConsistencyModelsException($"{path}: has no output {Printable.Quote(missing)}; expected one of {string.Join(", ", session.OutputNames.Select(Printable.Quote))}")
            : [.. outputs];
    }
}
