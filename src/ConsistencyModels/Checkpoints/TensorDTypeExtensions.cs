namespace ConsistencyModels.Checkpoints;

/// <summary>Sizes and names of element types.</summary>
public static class TensorDTypeExtensions
{
    // In the order in which the reference implementation declares its types: it writes files sorted by it, descending.
    private static readonly (TensorDType DType, string Name, int Size)[] Table =
    [
        (TensorDType.Bool, "BOOL", 1),
        (TensorDType.U8, "U8", 1),
        (TensorDType.I8, "I8", 1),
        (TensorDType.F8E5M2, "F8_E5M2", 1),
        (TensorDType.F8E4M3, "F8_E4M3", 1),
        (TensorDType.I16, "I16", 2),
        (TensorDType.U16, "U16", 2),
        (TensorDType.F16, "F16", 2),
        (TensorDType.BF16, "BF16", 2),
        (TensorDType.I32, "I32", 4),
        (TensorDType.U32, "U32", 4),
        (TensorDType.F32, "F32", 4),
        (TensorDType.F64, "F64", 8),
        (TensorDType.I64, "I64", 8),
        (TensorDType.U64, "U64", 8),
    ];

    private static readonly int[] Ranks =
    [
        .. Enumerable.Range(0, (int)Enum.GetValues<TensorDType>().Max() + 1).Select(value => Array.FindIndex(Table, row => (int)row.DType == value)),
    ];

    /// <summary>Bytes per element: 1, 2, 4 or 8.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not a declared element type.</exception>
    public static int Size(this TensorDType dtype) => Table[Rank(dtype)].Size;

    /// <summary>The name safetensors headers use, e.g. "F8_E4M3".</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not a declared element type.</exception>
    public static string FormatName(this TensorDType dtype) => Table[Rank(dtype)].Name;

    /// <summary>Finds an element type by the name safetensors headers use; names are case sensitive.</summary>
    /// <returns>False if this library does not know the name.</returns>
    public static bool TryParse(string name, out TensorDType dtype)
    {
        foreach (var row in Table)
        {
            if (row.Name == name)
            {
                dtype = row.DType;
                return true;
            }
        }

        dtype = default;
        return false;
    }

    /// <summary>Place in the order by which the reference implementation sorts what it writes (widest last).</summary>
    internal static int Rank(this TensorDType dtype)
    {
        // Asked for each piece of a tensor that is converted: no search.
        var value = (int)dtype;
        return (uint)value < (uint)Ranks.Length && Ranks[value] is var rank and >= 0
            ? rank
            : throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "Not a declared element type.");
    }
}
