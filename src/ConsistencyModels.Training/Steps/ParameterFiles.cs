using System.Buffers;
using System.Runtime.InteropServices;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Training.Steps;

/// <summary>Flat buffers of parameters as the tensors of checkpoints, and back.</summary>
public static class ParameterFiles
{
    private const int Chunk = 1 << 20;

    /// <summary>Copies every parameter from a checkpoint. That of the augmentation labels, which checkpoints do not have, becomes zeros: it says nothing.</summary>
    /// <param name="network">The network that the buffer belongs to.</param>
    /// <param name="buffer">Receives the parameters.</param>
    /// <param name="source">Tensors under diffusers' names, today's or those before 0.18, of any precision.</param>
    /// <exception cref="ConsistencyModelsException">Tensors are missing, unknown or of another shape: all are listed.</exception>
    public static void Load(UNet2DDescription network, IParameterBuffer buffer, ITensorSource source)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(buffer);
        ArgumentNullException.ThrowIfNull(source);
        var names = NetworkWeights.Check(network.WithoutAugmentLabels(), source);
        Each(network, (parameter, values, offset) =>
        {
            if (names.TryGetValue(parameter.Name, out var name))
            {
                source.CopyTo(name, values);
                source.Release(name);
            }
            else
            {
                values.Clear();
            }

            buffer.Write(offset, values);
        });
    }

    /// <summary>Draws fresh values as PyTorch's default initialisation has them.</summary>
    /// <param name="network">The network that the buffer belongs to.</param>
    /// <param name="buffer">Receives the parameters.</param>
    /// <param name="generator">Source of randomness.</param>
    /// <param name="zeroResiduals">Start the last layer of every residual branch and of the network at zero, as trainers of diffusion models do.</param>
    public static void Initialize(UNet2DDescription network, IParameterBuffer buffer, TorchGenerator generator, bool zeroResiduals)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(buffer);
        Each(network, (parameter, values, offset) =>
        {
            FreshValues.Fill(parameter, generator, zeroResiduals, values);
            buffer.Write(offset, values);
        });
    }

    /// <summary>A buffer as the tensors of a network, each read when it is asked for. Borrows the buffer.</summary>
    /// <param name="network">The network that the buffer belongs to.</param>
    /// <param name="buffer">The parameters.</param>
    public static ITensorSource AsTensors(UNet2DDescription network, IParameterBuffer buffer)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(buffer);
        return new Tensors(network, buffer);
    }

    /// <summary>A whole buffer as one tensor of a file; it must live until the file is written.</summary>
    internal static TensorToWrite ToWrite(string name, IParameterBuffer buffer) => new(new TensorInfo(name, TensorDType.F32, [buffer.Length]), stream =>
    {
        var chunk = ArrayPool<float>.Shared.Rent(Chunk);
        try
        {
            for (long done = 0; done < buffer.Length; done += Chunk)
            {
                var part = chunk.AsSpan(0, (int)Math.Min(Chunk, buffer.Length - done));
                buffer.Read(done, part);
                stream.Write(MemoryMarshal.AsBytes(part));
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(chunk);
        }
    });

    /// <summary>The name of the first parameter that has a value which is not finite, or null.</summary>
    internal static string? FirstNotFinite(UNet2DDescription network, IParameterBuffer buffer)
    {
        string? found = null;
        Each(network, (parameter, values, offset) =>
        {
            if (found is not null)
            {
                return;
            }

            buffer.Read(offset, values);
            foreach (var value in values)
            {
                if (!float.IsFinite(value))
                {
                    found = parameter.Name;
                    return;
                }
            }
        });
        return found;
    }

    private static void Each(UNet2DDescription network, ParameterAction action)
    {
        var largest = network.Parameters.Max(parameter => parameter.Count);
        var values = ArrayPool<float>.Shared.Rent(checked((int)largest));
        try
        {
            long offset = 0;
            foreach (var parameter in network.Parameters)
            {
                action(parameter, values.AsSpan(0, (int)parameter.Count), offset);
                offset += parameter.Count;
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(values);
        }
    }

    private delegate void ParameterAction(ParameterDescription parameter, Span<float> values, long offset);

    private sealed class Tensors : ITensorSource
    {
        private readonly IParameterBuffer _buffer;
        private readonly Dictionary<string, TensorInfo> _infos;
        private readonly Dictionary<string, long> _offsets = new(StringComparer.Ordinal);

        public Tensors(UNet2DDescription network, IParameterBuffer buffer)
        {
            _buffer = buffer;
            long offset = 0;
            foreach (var parameter in network.Parameters)
            {
                _offsets.Add(parameter.Name, offset);
                offset += parameter.Count;
            }

            _infos = network.Parameters.ToDictionary(p => p.Name, p => new TensorInfo(p.Name, TensorDType.F32, p.Shape));
        }

        public string Origin => "the trained network";

        public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

        IReadOnlyDictionary<string, TensorInfo> ITensorSource.Tensors => _infos;

        public ReadOnlySpan<byte> Bytes(string name)
        {
            var values = new float[_infos[name].ElementCount];
            CopyTo(name, values);
            return MemoryMarshal.AsBytes(values.AsSpan());
        }

        public void CopyTo(string name, Span<float> destination) => _buffer.Read(_offsets[name], destination);

        public void Release(string name)
        {
        }

        public void Dispose()
        {
        }
    }
}
