using ConsistencyModels.Noise;
using ConsistencyModels.Torch.Native;
using TorchSharp;

namespace ConsistencyModels.Torch.Tests;

/// <summary>The managed generator against the libtorch that this solution is built with.</summary>
public class TorchGeneratorTests
{
    private const double Tolerance = 1e-6;

    public TorchGeneratorTests() => TorchRuntime.EnsureLoaded();

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(47)]
    [InlineData(12_288)]
    [InlineData(1_000_003)]
    public void Draws_of_every_kind_are_libtorchs(int length)
    {
        const ulong Seed = 77;
        using var theirs = new torch.Generator(Seed);
        var ours = new TorchGenerator(Seed);

        for (var round = 0; round < 3; round++)
        {
            Same(Values<float>(torch.randn(length, generator: theirs)), ours.Randn);
            Same(Values<float>(torch.rand(length, generator: theirs)), ours.Rand);
            foreach (var (low, high) in new[] { (-3L, 9L), (0, (1L << 28) - 1), (0, 1L << 28), (-5, 1L << 31), (7, 1L << 40) })
            {
                var integers = new long[9];
                ours.RandInt(low, high, integers);
                Assert.Equal(Values<long>(torch.randint(low, high, integers.Length, torch.int64, generator: theirs)), integers);
            }

            Assert.Equal(Values<long>(torch.randperm(100, generator: theirs)), ours.Randperm(100).Select(index => (long)index));
        }
    }

    [Fact]
    public void States_go_both_ways()
    {
        using var theirs = new torch.Generator(5);
        Values<float>(torch.randn(3, generator: theirs));
        var ours = new TorchGenerator(0);
        ours.SetState(Values<byte>(theirs.get_state()));
        Assert.Equal(5ul, ours.InitialSeed);

        using var state = torch.tensor(ours.GetState(), torch.uint8);
        using var restored = new torch.Generator(1);
        restored.set_state(state);
        Same(Values<float>(torch.randn(5, generator: restored)), ours.Randn);
    }

    private static T[] Values<T>(torch.Tensor tensor)
        where T : unmanaged
    {
        using (tensor)
        {
            return tensor.data<T>().ToArray();
        }
    }

    private static void Same(float[] expected, Action<Span<float>> draw)
    {
        var actual = new float[expected.Length];
        draw(actual);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.True(
                Math.Abs(actual[i] - expected[i]) <= Tolerance * Math.Max(1, Math.Abs(expected[i])),
                $"[{i}]: found {actual[i]:R}, libtorch has {expected[i]:R}");
        }
    }
}
