using System.Runtime.InteropServices;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>Sequences of draws of every kind on one of PyTorch's generators, and its saved states in between.</summary>
internal sealed class TorchGeneratorCheck : IGoldenCheck
{
    private const double Tolerance = 1e-6;

    // Where the cached normal number lies in a state seen as 64-bit words: the one place that is a computed float64.
    private const int CachedNormalWord = 628;

    public string Kind => "torch_generator";

    public void Check(GoldenCase golden)
    {
        foreach (var sequence in golden.Json.Objects("sequences"))
        {
            var seed = sequence.Get("seed").GetUInt64();
            var generator = new TorchGenerator(seed);
            foreach (var call in sequence.Objects("calls"))
            {
                Call(golden, call, call.Text("tensor"), ref generator);
                Assert.Equal(seed, generator.InitialSeed);
            }
        }
    }

    private static void Call(GoldenCase golden, GoldenArguments call, string name, ref TorchGenerator generator)
    {
        var count = call.Int("n", 0);
        var (low, high) = (call.Find("low")?.GetInt64(), call.Find("high")?.GetInt64());
        switch (call.Text("call"))
        {
            case "randn":
                var normal = new float[count];
                generator.Randn(normal);
                Near.Equal(golden.Floats(name), normal, Tolerance, Tolerance, name);
                break;
            case "randn64":
                var normal64 = new double[count];
                generator.Randn(normal64);
                Near.Equal(Doubles(golden, name), normal64, 1e-14, 1e-14, name);
                break;
            case "rand":
                var uniform = new float[count];
                generator.Rand(uniform);
                Assert.Equal(golden.Floats(name), uniform);
                break;
            case "rand64":
                var uniform64 = new double[count];
                generator.Rand(uniform64);
                Assert.Equal(Doubles(golden, name), uniform64);
                break;
            case "randint":
                var integers = new long[count];
                generator.RandInt(low!.Value, high!.Value, integers);
                Assert.Equal(golden.Longs(name), integers);
                break;
            case "randperm":
                Assert.Equal(golden.Longs(name), generator.Randperm(count).Select(index => (long)index));
                break;
            case "state":
                generator = Continue(golden.Longs(name), generator, name);
                break;
            default:
                Assert.Fail($"{name}: no such call");
                break;
        }
    }

    /// <summary>Compares the states and goes on with the recorded one, so that reading a state is checked too.</summary>
    private static TorchGenerator Continue(long[] recorded, TorchGenerator generator, string name)
    {
        var ours = MemoryMarshal.Cast<byte, long>(generator.GetState()).ToArray();
        Near.Equal(
            [BitConverter.Int64BitsToDouble(recorded[CachedNormalWord])],
            [BitConverter.Int64BitsToDouble(ours[CachedNormalWord])],
            1e-14,
            1e-14,
            name + ", cached normal number");
        ours[CachedNormalWord] = recorded[CachedNormalWord];
        Assert.Equal(recorded, ours);

        var next = new TorchGenerator(0);
        next.SetState(MemoryMarshal.AsBytes(recorded.AsSpan()));
        return next;
    }

    private static double[] Doubles(GoldenCase golden, string name) => Array.ConvertAll(golden.Longs(name), BitConverter.Int64BitsToDouble);
}
