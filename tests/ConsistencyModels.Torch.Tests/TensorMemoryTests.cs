using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Tests;

public class TensorMemoryTests
{
    [Fact]
    public void Writes_go_into_the_tensor()
    {
        using var scope = NewDisposeScope();
        var whole = zeros(4, 3);
        var part = whole.narrow(0, 2, 2);
        new float[] { 1, 2, 3, 4, 5, 6 }.CopyTo(TensorMemory.Floats(part));
        Assert.Equal([0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6], TensorMemory.Floats(whole).ToArray());
        Assert.Equal(0, TensorMemory.Floats(zeros(0, 3)).Length);
    }

    [Fact]
    public void Only_plain_memory_is_given()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentException>(() => TensorMemory.Floats(zeros(2, ScalarType.Float64)));
        Assert.Throws<ArgumentException>(() => TensorMemory.Floats(zeros(2, 3).transpose(0, 1)));
    }
}
