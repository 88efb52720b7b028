using System.Numerics.Tensors;

namespace ConsistencyModels.Editing;

/// <summary>A measurement with its reference: what an edit does to x₀ in every step, and to the result.</summary>
internal sealed class Replacement
{
    private readonly IMeasurement _measurement;
    private readonly ReadOnlyMemory<float> _reference;
    private readonly ImageShape _shape;
    private readonly bool _composite;

    public Replacement(IMeasurement measurement, ReadOnlyMemory<float> reference, ImageShape shape, bool composite)
    {
        ArgumentNullException.ThrowIfNull(measurement);
        measurement.ThrowIfNotFor(shape);
        if (reference.Length != shape.Length)
        {
            throw new ArgumentException($"The reference has {reference.Length} values; expected {shape.Length}, shape {shape}.", nameof(reference));
        }

        _measurement = measurement;
        _reference = reference;
        _shape = shape;
        _composite = composite;
    }

    /// <summary>In every step: clamped to [-1, 1] first, whether or not the denoiser clips, as the reference does.</summary>
    public void InStep(Span<float> denoised)
    {
        TensorPrimitives.Clamp(denoised, -1f, 1f, denoised);
        _measurement.Impose(_reference.Span, denoised, _shape);
    }

    /// <summary>After the last step, whose noise (about 1e-6) has moved what is known.</summary>
    public void AtEnd(Span<float> result)
    {
        if (_composite)
        {
            _measurement.Impose(_reference.Span, result, _shape);
        }
    }
}
