using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>Name, element type and shape of a stored tensor.</summary>
/// <param name="Name">The key it is stored under.</param>
/// <param name="DType">Element type on disk.</param>
/// <param name="Shape">Dimensions; empty for a scalar.</param>
public sealed record TensorInfo(string Name, TensorDType DType, IReadOnlyList<long> Shape)
{
    /// <summary>Dimensions; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; init => field = ValueList<long>.Of(value); } = ValueList<long>.Of(Shape);

    /// <summary>Number of elements: the product of the dimensions, 1 for a scalar.</summary>
    public long ElementCount
    {
        get
        {
            long count = 1;
            foreach (var dimension in Shape)
            {
                count = checked(count * dimension);
            }

            return count;
        }
    }
}

/// <summary>Element types of stored tensors; the names are those of the safetensors format.</summary>
public enum TensorDType
{
    /// <summary>One byte, 0 or 1.</summary>
    Bool,

    /// <summary>Unsigned 8-bit integer.</summary>
    U8,

    /// <summary>Signed 8-bit integer.</summary>
    I8,

    /// <summary>Unsigned 16-bit integer.</summary>
    U16,

    /// <summary>Signed 16-bit integer.</summary>
    I16,

    /// <summary>Unsigned 32-bit integer.</summary>
    U32,

    /// <summary>Signed 32-bit integer.</summary>
    I32,

    /// <summary>Unsigned 64-bit integer.</summary>
    U64,

    /// <summary>Signed 64-bit integer.</summary>
    I64,

    /// <summary>8-bit float, 4 exponent and 3 mantissa bits, no infinities (OCP E4M3FN).</summary>
    F8E4M3,

    /// <summary>8-bit float, 5 exponent and 2 mantissa bits (OCP E5M2).</summary>
    F8E5M2,

    /// <summary>IEEE half precision.</summary>
    F16,

    /// <summary>bfloat16: the upper half of a float32.</summary>
    BF16,

    /// <summary>IEEE single precision.</summary>
    F32,

    /// <summary>IEEE double precision.</summary>
    F64,
}

/// <summary>Sizes and names of element types.</summary>
public static class TensorDTypeExtensions
{
    // In the order in which the reference implementation declares its types: it writes files sorted by it, descending.
    private static readonly (TensorDType DType, string Name)[] Table =
    [
        (TensorDType.Bool, "BOOL"),
        (TensorDType.U8, "U8"),
        (TensorDType.I8, "I8"),
        (TensorDType.F8E5M2, "F8_E5M2"),
        (TensorDType.F8E4M3, "F8_E4M3"),
        (TensorDType.I16, "I16"),
        (TensorDType.U16, "U16"),
        (TensorDType.F16, "F16"),
        (TensorDType.BF16, "BF16"),
        (TensorDType.I32, "I32"),
        (TensorDType.U32, "U32"),
        (TensorDType.F32, "F32"),
        (TensorDType.F64, "F64"),
        (TensorDType.I64, "I64"),
        (TensorDType.U64, "U64"),
    ];

    /// <summary>Bytes per element: 1, 2, 4 or 8.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not a declared element type.</exception>
    public static int Size(this TensorDType dtype) => dtype switch
    {
        TensorDType.Bool or TensorDType.U8 or TensorDType.I8 or TensorDType.F8E4M3 or TensorDType.F8E5M2 => 1,
        TensorDType.U16 or TensorDType.I16 or TensorDType.F16 or TensorDType.BF16 => 2,
        TensorDType.U32 or TensorDType.I32 or TensorDType.F32 => 4,
        TensorDType.U64 or TensorDType.I64 or TensorDType.F64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "Not a declared element type."),
    };

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
        for (var i = 0; i < Table.Length; i++)
        {
            if (Table[i].DType == dtype)
            {
                return i;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "Not a declared element type.");
    }
}
