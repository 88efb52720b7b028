namespace ConsistencyModels.Checkpoints;

/// <summary>Name, element type and shape of a stored tensor.</summary>
/// <param name="Name">The key it is stored under.</param>
/// <param name="DType">Element type on disk.</param>
/// <param name="Shape">Dimensions; empty for a scalar.</param>
public sealed record TensorInfo(string Name, TensorDType DType, IReadOnlyList<long> Shape)
{
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
