return args switch
{
    ["checkpoint", .. var rest] => ConsistencyModels.Bench.CheckpointBench.Run(rest),
    _ => 0,
};
