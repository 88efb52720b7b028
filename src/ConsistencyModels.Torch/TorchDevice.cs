using static TorchSharp.torch;

namespace ConsistencyModels.Torch;

/// <summary>Devices by name.</summary>
public static class TorchDevice
{
    /// <summary>Parses "cpu", "cuda" or "cuda:N" and checks that the device is there.</summary>
    /// <exception cref="ConsistencyModelsException">The name is not one of these, or there is no such device.</exception>
    public static Device Parse(string name)
    {
        if (name == "cpu")
        {
            return CPU;
        }

        var index = name == "cuda" ? 0 : name.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(name.AsSpan(5), out var n) && n >= 0 ? n : -1;
        if (index < 0)
        {
            throw new ConsistencyModelsException($"device: found \"{name}\", expected cpu, cuda or cuda:N");
        }

        if (!cuda.is_available())
        {
            throw new ConsistencyModelsException($"device: \"{name}\" was asked for, but libtorch finds no CUDA device here; use cpu, or a CUDA build of libtorch");
        }

        var count = cuda.device_count();
        return index < count
            ? new Device(TorchSharp.DeviceType.CUDA, index)
            : throw new ConsistencyModelsException($"device: found \"{name}\", expected cuda:0 to cuda:{count - 1}");
    }
}
