using ConsistencyModels.Networks;

namespace ConsistencyModels.Models.ParameterNaming;

/// <summary>
/// Where openai's UNetModel has an operation: <c>input_blocks.4.1</c>, <c>middle_block.0</c>, <c>output_blocks.2.2</c>. Asked for
/// every operation in the order of execution.
/// </summary>
internal sealed class OpenAiPlaces
{
    private NetworkSection _section;
    private int _block;
    private int _child;

    /// <summary>The place of the next operation; empty for those that are no block's child.</summary>
    public string Next(NetworkOperation operation)
    {
        if (operation.Section != _section)
        {
            // On the way down block 0 is the first convolution.
            (_section, _block, _child) = (operation.Section, operation.Section == NetworkSection.Down ? 0 : -1, 0);
        }

        if (BeginsBlock(operation))
        {
            (_block, _child) = (_block + 1, 0);
        }

        return operation switch
        {
            InputConvolutionOperation => "input_blocks.0.0",
            ConcatOperation => "",
            { Section: NetworkSection.Down } => $"input_blocks.{_block}.{_child++}",
            { Section: NetworkSection.Middle } => $"middle_block.{_child++}",
            { Section: NetworkSection.Up } => $"output_blocks.{_block}.{_child++}",
            _ => "",
        };
    }

    // A residual block begins one, and attention follows in it. What halves the size is one of its own; what doubles it is the
    // last child of a level's last block.
    private static bool BeginsBlock(NetworkOperation operation) => operation.Section switch
    {
        NetworkSection.Down => operation is not AttentionOperation,
        NetworkSection.Up => operation is ConcatOperation,
        _ => false,
    };
}
