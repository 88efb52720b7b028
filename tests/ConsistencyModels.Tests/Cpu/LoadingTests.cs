using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cpu;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Threading;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Tests.Cpu;

[Collection(Alone.Name)]
public sealed class LoadingTests
{
    [Fact]
    public void A_cancelled_load_leaves_no_memory()
    {
        var config = EngineMemoryTests.Config();
        var weights = EngineMemoryTests.Weights(config);
        using var pool = new ComputePool(2);
        var before = NativeBuffer.LiveBytes;
        foreach (var reads in new[] { 1, 20, 60 })
        {
            using var source = new CancellationTokenSource();
            using var cancelling = new CancellingTensors(weights, source, reads);
            Assert.ThrowsAny<OperationCanceledException>(() => new CpuEngine().LoadOn(pool, config, cancelling, new EngineOptions(), source.Token));
            Assert.InRange(cancelling.Reads, reads, reads + 1); // the pool's threads see it between pieces
            Assert.Equal(before, NativeBuffer.LiveBytes);
        }

        // While others compute, loading waits for its turn.
        var regions = Enumerable.Range(0, pool.Cores).Select(_ => new WorkRegion(pool, 1)).ToList();
        regions.ForEach(region => pool.Enter(region, TestContext.Current.CancellationToken));
        using var patience = new CancellationTokenSource(50);
        Assert.ThrowsAny<OperationCanceledException>(() => new CpuEngine().LoadOn(pool, config, weights, new EngineOptions(), patience.Token));
        regions.ForEach(pool.Leave);
        new CpuEngine().LoadOn(pool, config, weights, new EngineOptions(), TestContext.Current.CancellationToken).Dispose();
        Assert.Equal(before, NativeBuffer.LiveBytes);
    }

    /// <summary>Cancels when it is read for the so-manieth time.</summary>
    private sealed class CancellingTensors(ITensorSource tensors, CancellationTokenSource source, int reads) : ITensorSource
    {
        private readonly HashSet<string> _read = [];

        public int Reads => _read.Count;

        public string Origin => tensors.Origin;

        public IReadOnlyDictionary<string, string> Metadata => tensors.Metadata;

        public IReadOnlyDictionary<string, TensorInfo> Tensors => tensors.Tensors;

        public ReadOnlySpan<byte> Bytes(string name)
        {
            if (_read.Add(name) && _read.Count == reads)
            {
                source.Cancel();
            }

            return tensors.Bytes(name);
        }

        public void CopyTo(string name, Span<float> destination) => tensors.CopyTo(name, destination);

        public void Release(string name) => tensors.Release(name);

        public void Dispose()
        {
        }
    }
}
