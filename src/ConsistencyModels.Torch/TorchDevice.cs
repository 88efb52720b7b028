using ConsistencyModels.Torch.Native;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch;

/// <summary>Devices by name, and libtorch's settings for computing on them, which hold for the whole process.</summary>
public static class TorchDevice
{
    private static readonly ThreadSetting Threads = new(set_num_threads);
    private static readonly Lazy<bool> CudaSettings = new(SetCuda);

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

        // Several processes of one machine, started by mpirun, take a card each.
        if (name == "cuda" && int.TryParse(Environment.GetEnvironmentVariable("OMPI_COMM_WORLD_LOCAL_RANK"), out var local) && local >= 0)
        {
            index = local % count;
        }

        return index < count
            ? new Device(TorchSharp.DeviceType.CUDA, index)
            : throw new ConsistencyModelsException($"device: found \"{name}\", expected cuda:0 to cuda:{count - 1}");
    }

    /// <summary>
    /// Parses a device's name and sets libtorch up for computing there. <see cref="TorchEngine"/> does this for every network that it
    /// loads. The settings hold for the whole process, so they are made once: the first CUDA device turns TF32 on, and
    /// what a program sets after that stays; a number of threads, once chosen, is not changed under networks in use.
    /// </summary>
    /// <param name="name">As for <see cref="Parse"/>.</param>
    /// <param name="threads">Threads of the CPU; 0 takes what there is: an earlier choice, or libtorch's own.</param>
    /// <exception cref="ConsistencyModelsException">
    /// As for <see cref="Parse"/>, or another number of threads was chosen before: <see cref="SetThreads"/> changes it.
    /// </exception>
    public static Device Prepare(string name, int threads = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        var device = Parse(name);
        if (threads > 0)
        {
            Threads.Choose(threads);
        }

        if (device.type == TorchSharp.DeviceType.CUDA)
        {
            _ = CudaSettings.Value;
        }

        return device;
    }

    /// <summary>
    /// Chooses how many threads libtorch's operations on the CPU take, for the whole process and whatever was chosen before: networks
    /// in use go on with that many.
    /// </summary>
    /// <param name="threads">At least 1.</param>
    public static void SetThreads(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        TorchRuntime.EnsureLoaded();
        Threads.Set(threads);
    }

    private static bool SetCuda()
    {
        // TF32 makes float32 several times faster; PyTorch has it on for convolutions too, where its 10-bit mantissa does no harm.
        backends.cuda.matmul.allow_tf32 = true;
        backends.cudnn.allow_tf32 = true;
        return true;
    }

    /// <summary>A number of threads that is chosen once, unless someone says outright that it is to change.</summary>
    internal sealed class ThreadSetting(Action<int> apply)
    {
        private readonly Lock _gate = new();
        private int _chosen;

        /// <summary>Sets the number if none was chosen.</summary>
        /// <exception cref="ConsistencyModelsException">Another one was.</exception>
        public void Choose(int threads)
        {
            lock (_gate)
            {
                if (_chosen == 0)
                {
                    Set(threads);
                }
                else if (_chosen != threads)
                {
                    throw new ConsistencyModelsException(
                        $"threads: found {threads}, expected {_chosen}: libtorch has one number of threads for the whole process, and an earlier network chose {_chosen}");
                }
            }
        }

        /// <summary>Sets the number.</summary>
        public void Set(int threads)
        {
            lock (_gate)
            {
                apply(threads);
                _chosen = threads;
            }
        }
    }
}
