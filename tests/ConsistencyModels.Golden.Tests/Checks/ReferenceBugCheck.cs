using ConsistencyModels.Golden.Tests.Training;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>
/// Errors that the original's training loop raises, where ours has to work: single precision consistency training, and progressive
/// distillation. Each is run for two steps, as it is named there.
/// </summary>
internal sealed class ReferenceBugCheck : IGoldenCheck
{
    public string Kind => "reference_bug";

    public void Check(GoldenCase golden)
    {
        golden.Json.Ignore("what", "words");
        var errors = golden.Json.Object("errors");
        foreach (var name in errors.Keys)
        {
            var error = errors.Object(name);
            Assert.NotEmpty(error.Text("type"));
            Assert.NotEmpty(error.Text("message"));
            WhatTheOriginalCannot.Runs(name);
        }
    }
}
