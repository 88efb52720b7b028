using ConsistencyModels.Networks;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Models;

/// <summary>The values of a network before training.</summary>
public static class FreshValues
{
    /// <summary>Fills one parameter.</summary>
    /// <param name="parameter">Says which distribution.</param>
    /// <param name="generator">Source of randomness; constants draw nothing.</param>
    /// <param name="zeroResiduals">Layers that end a residual branch, and the last one, hold zeros instead.</param>
    /// <param name="values">Receives the values; as long as the parameter has elements.</param>
    public static void Fill(ParameterDescription parameter, TorchGenerator generator, bool zeroResiduals, Span<float> values)
    {
        if (zeroResiduals && parameter.EndsResidual)
        {
            values.Clear();
            return;
        }

        switch (parameter.Initialization)
        {
            case ParameterInitialization.One:
                values.Fill(1);
                break;
            case ParameterInitialization.Zero:
                values.Clear();
                break;
            case ParameterInitialization.Normal:
                generator.Randn(values);
                break;
            case ParameterInitialization.NormalTimes16:
                generator.Randn(values);
                System.Numerics.Tensors.TensorPrimitives.Multiply(values, 16f, values);
                break;
            case ParameterInitialization.UniformFanIn:
                var bound = 1 / MathF.Sqrt(parameter.FanIn);
                generator.Rand(values);
                System.Numerics.Tensors.TensorPrimitives.Multiply(values, 2 * bound, values);
                System.Numerics.Tensors.TensorPrimitives.Subtract(values, bound, values);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(parameter), parameter.Initialization, "Unknown initialisation.");
        }
    }
}
