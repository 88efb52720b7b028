using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>
/// Bounds what reading a hostile file may allocate. One byte of a pickle can ask for an object of a hundred, so each object
/// is paid for before it is made; a file that asks for more than its own size plus a fixed sum is refused.
/// </summary>
/// <param name="path">The file, for the message.</param>
/// <param name="fileLength">Its length in bytes.</param>
internal sealed class AllocationBudget(string path, long fileLength)
{
    // Enough for some forty thousand tensors; the published models have about a thousand.
    private const long Fixed = 40L << 20;
    private long _left = fileLength + Fixed;

    /// <summary>Takes bytes from the budget.</summary>
    /// <exception cref="CheckpointException">The budget is used up.</exception>
    public void Charge(long bytes)
    {
        _left -= bytes;
        if (_left < 0)
        {
            throw new CheckpointException(
                $"{path}: its objects would take more than {fileLength + Fixed} bytes of memory, expected the few that describe tensors");
        }
    }
}
