namespace ConsistencyModels.Models.ParameterNaming;

/// <summary>One tensor of a checkpoint under the names of openai/consistency_models, and what it is in diffusers' names.</summary>
/// <param name="Name">openai's name, for example <c>input_blocks.1.0.in_layers.2.weight</c>.</param>
/// <param name="Shape">
/// openai's shape. Attention layers are 1x1 convolutions there. guided-diffusion has them one-dimensional, [3C, C, 1], and its qkv in
/// another order: such checkpoints are refused by their shape.
/// </param>
/// <param name="Parameters">
/// diffusers' parameters, whose rows follow each other: three for qkv (queries, keys, values: the released weights are in
/// (three, head, dim) order), else one.
/// </param>
public sealed record OpenAiTensor(string Name, IReadOnlyList<long> Shape, IReadOnlyList<string> Parameters);
