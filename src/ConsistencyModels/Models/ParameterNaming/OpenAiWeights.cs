using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Models.ParameterNaming;

/// <summary>Converts tensors between openai's and diffusers' names, bit for bit.</summary>
public static class OpenAiWeights
{
    /// <summary>Views tensors under openai's names as diffusers'. Nothing is copied: qkv's rows are queries, then keys, then values.</summary>
    /// <param name="source">The checkpoint, which the result owns.</param>
    /// <param name="config">Its network.</param>
    /// <exception cref="CheckpointException">Tensors are missing, unknown or of another shape.</exception>
    /// <exception cref="ConsistencyModelsException">openai's code cannot build such a network.</exception>
    public static ITensorSource ToDiffusers(ITensorSource source, UNet2DConfig config)
    {
        ArgumentNullException.ThrowIfNull(source);
        var network = UNet2DDescription.Of(config);
        var tensors = OpenAiNames.For(network, source.Origin);
        StrictTensors.Check(source, tensors.Select(tensor => (tensor.Name, tensor.Shape)));
        var parts = new Dictionary<string, (string Stored, long First)>();
        foreach (var tensor in tensors)
        {
            var length = tensor.Shape.Aggregate(1L, (a, b) => a * b) / tensor.Parameters.Count;
            for (var i = 0; i < tensor.Parameters.Count; i++)
            {
                parts.Add(tensor.Parameters[i], (tensor.Name, i * length));
            }
        }

        return new RenamedTensors(source, network.Parameters.Select(p => (p.Name, p.Shape, parts[p.Name].Stored, parts[p.Name].First)));
    }

    /// <summary>Tensors to write under openai's names, in the order of its state dict.</summary>
    /// <param name="source">Exactly the network's parameters under diffusers' names; must stay open until they are written.</param>
    /// <param name="config">The network.</param>
    /// <param name="dtype">F32, F16 or BF16 to convert; null to copy.</param>
    /// <exception cref="CheckpointException">Tensors are missing, or queries, keys and values have different element types.</exception>
    /// <exception cref="ConsistencyModelsException">openai's code cannot build such a network.</exception>
    public static IReadOnlyList<TensorToWrite> FromDiffusers(ITensorSource source, UNet2DConfig config, TensorDType? dtype = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        var network = UNet2DDescription.Of(config);
        StrictTensors.Check(source, network.Parameters.Select(parameter => (parameter.Name, parameter.Shape)));
        return [.. OpenAiNames.For(network, source.Origin).Select(tensor => Join(source, tensor, dtype))];
    }

    private static TensorToWrite Join(ITensorSource source, OpenAiTensor tensor, TensorDType? dtype)
    {
        TensorToWrite[] parts = [.. tensor.Parameters.Select(name => TensorToWrite.FromSource(source, name, dtype))];
        var stored = parts[0].Info.DType;
        if (parts.Any(part => part.Info.DType != stored))
        {
            throw new CheckpointException(
                $"{source.Origin}: {string.Join(", ", tensor.Parameters)} have different element types, expected one to join them as {tensor.Name}");
        }

        return new TensorToWrite(new TensorInfo(tensor.Name, stored, tensor.Shape), stream =>
        {
            foreach (var part in parts)
            {
                part.Write(stream);
            }
        });
    }
}
