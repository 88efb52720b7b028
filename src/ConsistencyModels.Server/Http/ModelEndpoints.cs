using System.Text.Json;
using ConsistencyModels.Imaging;
using ConsistencyModels.Models;
using ConsistencyModels.Samplers;
using ConsistencyModels.Server.Requests;
using ConsistencyModels.Server.Serving;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace ConsistencyModels.Server.Http;

/// <summary>What there is to draw with.</summary>
internal sealed class ModelEndpoints(IOptions<ServerOptions> options, ModelStore models)
{
    private const int MostEditSteps = 10;
    private const int DiffusionSteps = 18;

    private readonly ServerLimits _limits = options.Value.Limits;

    /// <summary>GET v1/models.</summary>
    public IResult List()
    {
        var first = models.Find(null);
        return AnswerResult.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("default", first.Id);
            json.WriteString("version", Drawing.Version.Text);
            json.WriteStartArray("models");
            foreach (var model in models.Models)
            {
                Write(json, model);
            }

            json.WriteEndArray();
            json.WriteStartObject("limits");
            json.WriteNumber("count", _limits.Count);
            json.WriteNumber("frames", _limits.Frames);
            json.WriteNumber("steps", _limits.Steps);
            json.WriteNumber("scale", _limits.Scale);
            json.WriteNumber("pixels", _limits.ResultPixels);
            json.WriteNumber("picture_pixels", _limits.PicturePixels);
            json.WriteNumber("body_bytes", _limits.BodyBytes);
            json.WriteNumber("timeout_seconds", _limits.Timeout.TotalSeconds);
            json.WriteEndObject();
            json.WriteStartArray("formats");
            foreach (var format in Enum.GetNames<ImageFormat>())
            {
                json.WriteStringValue(format.ToLowerInvariant());
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    /// <summary>GET v1/models/{id}.</summary>
    public IResult One(string id)
    {
        var model = models.Find(id);
        return AnswerResult.Json(json => Write(json, model));
    }

    private static void Write(Utf8JsonWriter json, ServedModel served)
    {
        var (model, size) = (served.Model, served.Model.Config.SampleSize!.Value);
        var consistent = model.Kind == ModelKind.Consistency;
        var sampler = consistent ? SamplerKind.Multistep : SamplerKind.Heun;
        json.WriteStartObject();
        json.WriteString("id", served.Id);
        json.WriteString("kind", consistent ? "consistency" : "diffusion");
        json.WriteString("state", served.State.ToString().ToLowerInvariant());
        json.WriteNumber("width", size.Width);
        json.WriteNumber("height", size.Height);
        json.WriteNumber("channels", model.Config.InChannels);
        json.WriteNumber("size_multiple", model.Config.SpatialFactor);
        json.WriteNumber("parameter_count", model.ParameterCount);
        WriteClasses(json, model);
        json.WriteStartArray("samplers");
        foreach (var kind in consistent ? [SamplerKind.OneStep, SamplerKind.Multistep] : new[] { SamplerKind.Heun, SamplerKind.Euler, SamplerKind.Ancestral, SamplerKind.Dpm2, SamplerKind.Edm })
        {
            json.WriteStringValue(kind.ToString().ToLowerInvariant());
        }

        json.WriteEndArray();
        json.WriteString("sampler", sampler.ToString().ToLowerInvariant());
        json.WriteNumber("steps", SamplerSettings.DefaultSteps(sampler));
        json.WriteNumber("max_steps", consistent ? model.Scheduler.NumTrainTimesteps : 1000);
        json.WriteNumber("sigma_min", model.Scheduler.SigmaMin);
        json.WriteNumber("sigma_max", model.Scheduler.SigmaMax);
        WriteEdits(json, model, size, consistent);
        json.WriteEndObject();
    }

    private static void WriteClasses(Utf8JsonWriter json, Model model)
    {
        if (model.Config.NumClassEmbeds is not { } count)
        {
            json.WriteNull("classes");
            return;
        }

        json.WriteStartArray("classes");
        for (var label = 0; label < count; label++)
        {
            json.WriteStartObject();
            json.WriteNumber("index", label);
            json.WriteString("name", model.ClassNames?[label]);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteEdits(Utf8JsonWriter json, Model model, ImageSize size, bool consistent)
    {
        json.WriteStartObject("edits");
        var measured = Steps(Math.Min(MostEditSteps, model.Scheduler.NumTrainTimesteps));
        Edit("inpaint", measured);
        if (model.Config.InChannels == 3)
        {
            Edit("colorize", measured);
        }

        int[] factors = [.. Enumerable.Range(2, Math.Max(0, Math.Min(size.Width, size.Height) - 1)).Where(factor => size.Width % factor == 0 && size.Height % factor == 0).Take(16)];
        Edit("superres", measured, () =>
        {
            json.WriteNumber("factor", DrawRequest.DefaultFactor);
            json.WriteStartArray("factors");
            foreach (var factor in factors)
            {
                json.WriteNumberValue(factor);
            }

            json.WriteEndArray();
        });
        Edit("stroke", Steps(3), () => json.WriteNumber("sigma", model.EditDefaults.StrokeSigma));
        Edit("variations", Steps(3), () =>
        {
            json.WriteNumber("sigma", model.EditDefaults.VariationSigma);
            json.WriteNumber("count", DrawRequest.DefaultVariations);
        });
        Edit("denoise", Steps(1));
        Edit("interpolate", Steps(2), () =>
        {
            json.WriteNumber("sigma", model.EditDefaults.VariationSigma);
            json.WriteNumber("frames", DrawRequest.DefaultFrames);
        });
        json.WriteEndObject();

        int Steps(int ofConsistency) => consistent ? ofConsistency : DiffusionSteps;

        void Edit(string name, int steps, Action? more = null)
        {
            json.WriteStartObject(name);
            json.WriteNumber("steps", steps);
            more?.Invoke();
            json.WriteEndObject();
        }
    }
}
