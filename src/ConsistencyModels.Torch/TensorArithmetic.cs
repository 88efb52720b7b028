using TorchSharp;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch;

/// <summary>
/// Arithmetic with numbers, for code that shares its process with other threads. TorchSharp 0.107 passes a number, and the
/// hidden factor 1 of <c>a + b</c>, as an object of its own that nothing holds during the call: a collection started by
/// another thread may free it while libtorch reads it. Here it lives until the call is over, and goes back at once.
/// Results belong to the current dispose scope, or to the caller.
/// </summary>
public static class TensorArithmetic
{
    private static readonly Scalar One = 1;

    /// <summary>x + y.</summary>
    public static Tensor Plus(this Tensor x, Tensor y) => x.add(y, One);

    /// <summary>x + value.</summary>
    public static Tensor Plus(this Tensor x, double value)
    {
        using Scalar scalar = value;
        return x.add(scalar, One);
    }

    /// <summary>x times factor.</summary>
    public static Tensor Times(this Tensor x, double factor)
    {
        using Scalar scalar = factor;
        return x.mul(scalar);
    }

    /// <summary>x / divisor.</summary>
    public static Tensor Over(this Tensor x, double divisor)
    {
        using Scalar scalar = divisor;
        return x.div(scalar);
    }

    /// <summary>The square of each element; TorchSharp's own hands a 2 on.</summary>
    public static Tensor Squared(this Tensor x) => x * x;

    /// <summary>The larger of each element and a number.</summary>
    public static Tensor AtLeast(this Tensor x, double minimum)
    {
        using Scalar scalar = minimum;
        return x.clamp_min(scalar);
    }

    /// <summary>Whether each element is above a number.</summary>
    public static Tensor Above(this Tensor x, double value)
    {
        using Scalar scalar = value;
        return x.gt(scalar);
    }

    /// <summary>x ← x + factor y.</summary>
    public static void AddInPlace(this Tensor x, Tensor y, double factor = 1)
    {
        using Scalar scalar = factor;
        x.add_(y, scalar);
    }

    /// <summary>x ← x + value.</summary>
    public static void AddInPlace(this Tensor x, double value)
    {
        using Scalar scalar = value;
        x.add_(scalar, One);
    }

    /// <summary>x ← factor x.</summary>
    public static void ScaleInPlace(this Tensor x, double factor)
    {
        using Scalar scalar = factor;
        x.mul_(scalar);
    }

    /// <summary>x ← x + factor a b, element by element.</summary>
    public static void AddProductInPlace(this Tensor x, Tensor a, Tensor b, double factor)
    {
        using Scalar scalar = factor;
        x.addcmul_(a, b, scalar);
    }

    /// <summary>x ← x + factor a / b, element by element.</summary>
    public static void AddQuotientInPlace(this Tensor x, Tensor a, Tensor b, double factor)
    {
        using Scalar scalar = factor;
        x.addcdiv_(a, b, scalar);
    }
}
