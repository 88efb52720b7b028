using System.Globalization;
using ConsistencyModels.Server.Requests;

namespace ConsistencyModels.Server.Drawing;

/// <summary>What a PNG carries of how it was made: the keys that <c>cm</c> writes, and the request itself.</summary>
internal static class PictureTexts
{
    /// <summary>The key of the request.</summary>
    public const string RequestKey = "request";

    /// <summary>The key of the operation.</summary>
    public const string OperationKey = "operation";

    private static readonly string Software = $"ConsistencyModels for .NET {Version.Text}";

    /// <summary>Keys and texts of one result.</summary>
    public static Dictionary<string, string> Of(DrawPlan plan, int index, DrawnPicture picture)
    {
        var request = plan.Request;
        var text = new Dictionary<string, string>
        {
            ["Software"] = Software,
            ["model"] = plan.Served.Id,
            ["seed"] = picture.Seed.ToString(CultureInfo.InvariantCulture),
            ["steps"] = plan.Sampler.Steps.ToString(CultureInfo.InvariantCulture),
            [OperationKey] = Fields.Path(request.Operation),
            [RequestKey] = RequestText.ToJson(RequestText.Of(plan, index)),
        };
        if (request.Operation == Operation.Generate)
        {
            text["sampler"] = plan.Kind.ToString().ToLowerInvariant();
        }
        else
        {
            text["edit"] = request.Operation.ToString().ToLowerInvariant();
        }

        if (picture.Label is { } label)
        {
            text["class"] = label.ToString(CultureInfo.InvariantCulture);
            text["class name"] = plan.Served.Model.ClassNames?[label] ?? text["class"];
            text["class chosen by"] = plan.Labels is null ? "seed" : "user";
        }

        if (plan.Sigma is { } sigma)
        {
            text["sigma"] = sigma.ToString(CultureInfo.InvariantCulture);
        }

        if (request.Timesteps is { } timesteps)
        {
            text["timesteps"] = string.Join(',', timesteps);
        }

        return text;
    }
}

/// <summary>The version of the server.</summary>
internal static class Version
{
    /// <summary>Three numbers.</summary>
    public static string Text { get; } = typeof(Version).Assembly.GetName().Version!.ToString(3);
}
