using System.Security.Cryptography;
using System.Text;
using ConsistencyModels.Models;

namespace ConsistencyModels.Evaluation.Runs;

/// <summary>Tells one model from another.</summary>
public static class ModelHash
{
    /// <summary>SHA-256, in hexadecimal, of the network's configuration, the scheduler's, and every weight in the order of names.</summary>
    /// <param name="model">The model; all of its weights are read.</param>
    public static string Of(Model model)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{model.Config.ToJson()} {model.Kind} {model.Scheduler.ToJson()}"));
        using var weights = model.OpenWeights();
        foreach (var name in weights.Tensors.Keys.Order(StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(name));
            hash.AppendData(weights.Bytes(name));
            weights.Release(name);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
