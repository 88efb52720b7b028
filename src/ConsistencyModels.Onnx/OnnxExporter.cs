using ConsistencyModels.Checkpoints;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Onnx.Schema;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Onnx;

/// <summary>
/// Writes a network, or the whole consistency function, as an ONNX file for ONNX Runtime, DirectML, OpenVINO and others. The
/// batch is open; only operators of ONNX itself are used, of opset 17.
/// </summary>
/// <example>
/// <code>
/// using var model = ModelReader.Open("models/crawl-tiles-32");
/// OnnxExporter.Export(model, "f.onnx", new OnnxExportOptions { Function = OnnxFunction.Consistency });
/// </code>
/// </example>
public static class OnnxExporter
{
    /// <summary>What the name of a second file with the weights has beyond the first's.</summary>
    public const string DataEnding = ".data";

    // Opset 17 and what came with it: read by every runtime of the last years.
    private const long Opset = 17;
    private const long IrVersion = 8;
    private const long LargestFile = 2_000_000_000;

    /// <summary>Exports a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="path">The file to write; what is there is replaced. Its folder must exist.</param>
    /// <param name="options">What and how; null for the bare network in float32.</param>
    /// <param name="cancellationToken">Observed between tensors; nothing is changed then.</param>
    /// <returns>Bytes written, to the file and the one beside it if there is one.</returns>
    /// <exception cref="ConsistencyModelsException">The model cannot be exported so, or the file not written.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static long Export(Model model, string path, OnnxExportOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (options?.Function == OnnxFunction.Consistency && model.Kind != ModelKind.Consistency)
        {
            throw new ConsistencyModelsException($"{model.Path}: a diffusion model, expected a consistency model: it has no consistency function, only its network can be exported");
        }

        using var weights = model.OpenWeights();
        return Export(model.Config, model.Scheduler, weights, path, options, cancellationToken);
    }

    /// <summary>Exports a network.</summary>
    /// <param name="config">The network's configuration.</param>
    /// <param name="scheduler">σ_min, σ_data and clipping, for <see cref="OnnxFunction.Consistency"/>.</param>
    /// <param name="weights">Exactly its parameters; they are read one at a time, for F16 twice.</param>
    /// <param name="path">The file to write; what is there is replaced. Its folder must exist.</param>
    /// <param name="options">What and how; null for the bare network in float32.</param>
    /// <param name="cancellationToken">Observed between tensors; nothing is changed then.</param>
    /// <returns>Bytes written, to the file and the one beside it if there is one.</returns>
    /// <exception cref="ConsistencyModelsException">The network cannot be exported so, its weights are too large for the precision, or the file not written.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static long Export(
        UNet2DConfig config,
        CMStochasticIterativeSchedulerConfig scheduler,
        ITensorSource weights,
        string path,
        OnnxExportOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(scheduler);
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new OnnxExportOptions();
        ThrowIfUnsupported(config, options);
        var network = UNet2DDescription.Of(config);
        var stored = NetworkWeights.Check(network, weights);
        NarrowRange.ThrowIfExceeded(weights, stored.Values, options.DType);
        var graph = new GraphBuilder(weights, stored);
        Fill(graph, network, scheduler, options);
        var model = new ModelProto
        {
            IrVersion = IrVersion,
            ProducerName = "ConsistencyModels",
            ProducerVersion = typeof(OnnxExporter).Assembly.GetName().Version!.ToString(3),
            Graph = graph.Graph,
        };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = Opset });
        model.MetadataProps.Add(new StringStringEntryProto { Key = "unet_config", Value = config.ToJson() });
        model.MetadataProps.Add(new StringStringEntryProto { Key = "scheduler_config", Value = scheduler.ToJson() });
        Initializer[] watched = [.. graph.Initializers.Select(initializer => initializer with
        {
            Write = stream =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                initializer.Write(stream);
            },
        })];
        return OnnxFile.Write(path, model, watched, options.LargestSingleFile);
    }

    private static void ThrowIfUnsupported(UNet2DConfig config, OnnxExportOptions options)
    {
        if (options.DType is not (TensorDType.F32 or TensorDType.F16))
        {
            throw new ConsistencyModelsException($"An ONNX file is written in F32 or F16, not in {options.DType.FormatName()}.");
        }

        if (options.LargestSingleFile is < 0 or > LargestFile)
        {
            throw new ConsistencyModelsException($"LargestSingleFile is {options.LargestSingleFile}, expected 0 to {LargestFile}: no ONNX file may have 2 GiB.");
        }

        if (options.Function == OnnxFunction.Consistency && config.InChannels != config.OutChannels)
        {
            throw new ConsistencyModelsException(
                $"The network's out_channels is {config.OutChannels}; expected in_channels = {config.InChannels}, since a consistency function gives an image of the kind it takes.");
        }
    }

    private static void Fill(GraphBuilder graph, UNet2DDescription network, CMStochasticIterativeSchedulerConfig scheduler, OnnxExportOptions options)
    {
        var config = network.Config;
        var size = options.DynamicSize ? null : config.SampleSize;
        var consistency = options.Function == OnnxFunction.Consistency;
        var (sample, level, result) = consistency ? ("x", "sigma", "denoised") : ("sample", "timestep", "out_sample");
        var labels = config.NumClassEmbeds is null ? null : "class_labels";
        graph.Graph.Name = consistency ? "consistency_function" : "unet";
        graph.Graph.Input.Add(GraphValues.Images(sample, config.InChannels, size, "noisy images, NCHW"));
        graph.Graph.Input.Add(GraphValues.Vector(level, "levels", TensorProto.Types.DataType.Float, "one for each image, or a single one for all"));
        if (labels is not null)
        {
            graph.Graph.Input.Add(GraphValues.Vector(labels, "batch", TensorProto.Types.DataType.Int64, $"classes, 0 to {config.NumClassEmbeds - 1}"));
        }

        var operations = new NetworkGraph(network, graph, size, options.DType);
        var output = consistency
            ? ConsistencyGraph.Add(graph, scheduler, sample, level, (scaled, timestep) => operations.Add(scaled, timestep, labels))
            : operations.Add(sample, level, labels);
        graph.Rename(output, result);
        graph.Graph.Output.Add(GraphValues.Images(result, config.OutChannels, size, "NCHW"));
    }
}
