using System.Text.Json;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>Names, shapes and order of all parameters of a configuration: what a checkpoint of it holds.</summary>
internal sealed class ParameterListCheck : IGoldenCheck
{
    public string Kind => "parameter_list";

    public void Check(GoldenCase golden)
    {
        var config = UNet2DConfig.FromJson(golden.Json.Get("config").GetRawText(), golden.FilePath);
        Assert.Empty(config.Extras);
        var network = UNet2DDescription.Of(config);
        Assert.Equal(
            golden.Json.Get("parameters").EnumerateArray().Select(parameter => Show(parameter[0].GetString()!, Shape(parameter[1]))),
            network.Parameters.Select(parameter => Show(parameter.Name, parameter.Shape)));
        Assert.Equal(golden.Json.Get("num_parameters").GetInt64(), network.ParameterCount);
    }

    private static IEnumerable<long> Shape(JsonElement shape) => shape.EnumerateArray().Select(size => size.GetInt64());

    private static string Show(string name, IEnumerable<long> shape) => $"{name} [{string.Join(", ", shape)}]";
}
