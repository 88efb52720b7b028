namespace ConsistencyModels.Cpu;

/// <summary>What the CPU engine trades memory for.</summary>
public enum CpuMemory
{
    /// <summary>Weights are kept in float32, packed for speed: about twice the size of the float32 weights.</summary>
    Normal,

    /// <summary>
    /// Packed weights are kept in half precision: about the size of the float32 weights. Outputs then differ by up to
    /// a hundredth of their scale, and widening makes a call for one image take 1.1 to 1.3 times as long.
    /// </summary>
    Low,
}
