using Snippets;

// Each by the name of its class, in the folder that has what it names.
Dictionary<string, Func<Task>> snippets = new()
{
    ["Readme"] = Plain(Readme.Run),
    ["FromPython"] = FromPython.Run,
    ["Editing"] = Plain(Editing.Run),
    ["Sampling"] = Plain(Sampling.Run),
    ["Streaming"] = Plain(Streaming.Run),
    ["Exporting"] = Plain(Exporting.Run),
    ["InOnnxRuntime"] = Plain(InOnnxRuntime.Run),
    ["CorePackage"] = Plain(CorePackage.Run),
    ["ImagingPackage"] = Plain(ImagingPackage.Run),
    ["ModelPackage"] = Plain(ModelPackage.Run),
    ["EvaluationPackage"] = Plain(EvaluationPackage.Run),
    ["TrainingPackage"] = Plain(TrainingPackage.Run),
    ["OnnxPackage"] = Plain(OnnxPackage.Run),
    ["TorchPackage"] = Plain(TorchPackage.Run),
};
if (args is not [var name] || !snippets.TryGetValue(name, out var run))
{
    foreach (var known in snippets.Keys)
    {
        Console.WriteLine(known);
    }

    return args.Length;
}

await run();
return 0;

static Func<Task> Plain(Action run) => () =>
{
    run();
    return Task.CompletedTask;
};
