using System.IO.Hashing;
using System.Text;
using ConsistencyModels.Models;

namespace ConsistencyModels.Training.Runs;

/// <summary>Tells one teacher from another: a hash of its network's configuration and of every weight.</summary>
internal static class TeacherHash
{
    public static string Of(Model model)
    {
        var hash = new XxHash128();
        hash.Append(Encoding.UTF8.GetBytes(model.Config.ToJson()));

        // What decides its preconditioning.
        hash.Append(Encoding.UTF8.GetBytes($"{model.Kind} {model.Scheduler.ToJson()}"));
        using var weights = model.OpenWeights();
        foreach (var name in weights.Tensors.Keys.Order(StringComparer.Ordinal))
        {
            hash.Append(Encoding.UTF8.GetBytes(name));
            hash.Append(weights.Bytes(name));
            weights.Release(name);
        }

        return Convert.ToHexString(hash.GetCurrentHash());
    }
}
