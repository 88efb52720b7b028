namespace ConsistencyModels.Cpu;

/// <summary>Some columns of the projected time embedding [N, RowStride].</summary>
/// <param name="Slot">Its memory.</param>
/// <param name="RowStride">Floats from image to image.</param>
/// <param name="Offset">First column.</param>
internal sealed record TimeColumns(ArenaSlot Slot, int RowStride, int Offset);
