using ConsistencyModels.Torch.Native;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch;

/// <summary>Devices by name.</summary>
public static class TorchDevice
{
    /// <summary>Parses "cpu", "cuda" or "cuda:N" and checks that the device is there.</summary>
    /// <exception cref="ConsistencyModelsException">The name is not one of these, there is no such device, or libtorch does not load.</exception>
    public static Device Parse(string name)
    {
        TorchRuntime.EnsureLoaded();
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

    /// <summary>Parses a device's name and sets libtorch up for computing there; the settings hold for the whole process.</summary>
    /// <param name="name">As for <see cref="Parse"/>.</param>
    /// <param name="threads">Threads of the CPU; 0 leaves libtorch's choice.</param>
    /// <exception cref="ConsistencyModelsException">As for <see cref="Parse"/>.</exception>
    public static Device Prepare(string name, int threads = 0)
    {
        var device = Parse(name);
        if (threads > 0)
        {
            set_num_threads(threads);
        }

        if (device.type == TorchSharp.DeviceType.CUDA)
        {
            // TF32 makes float32 several times faster; PyTorch has it on for convolutions too, where its 10-bit mantissa does no harm.
            backends.cuda.matmul.allow_tf32 = true;
            backends.cudnn.allow_tf32 = true;
        }

        return device;
    }
}
