using System.Text.Json;
using System.Text.Json.Nodes;

namespace ConsistencyModels.Golden.Tests;

/// <summary>That nothing of a case goes unread, and that what is read decides the result.</summary>
public class GoldenArgumentsTests
{
    private const string Extra = "not_an_argument";

    [Fact]
    public void What_nobody_asked_for_is_named()
    {
        GoldenArguments arguments = new(JsonSerializer.Deserialize<JsonElement>(
            """{ "a": 1, "b": null, "inner": { "c": 2, "d": 3 }, "list": [ { "e": 4 }, { "e": 5, "f": 6 } ], "whole": { "g": 7 }, "left": 8 }"""));
        Assert.Equal(["a", "b", "inner", "list", "whole", "left"], arguments.Unread());
        Assert.Equal(1, arguments.Int("a"));
        Assert.Equal(9, arguments.Int("b", 9));
        Assert.Equal(9, arguments.Int("absent", 9));
        Assert.Equal(2, arguments.Object("inner").Number("c"));
        Assert.Equal([4, 5], arguments.Objects("list").Select(one => one.Int("e")));
        Assert.Equal(7, arguments.Get("whole").GetProperty("g").GetInt32());
        Assert.Equal(["inner.d", "list[1].f", "left"], arguments.Unread());
        arguments.Object("inner").Ignore("d", "a reason");
        arguments.Fixed("left", 8);
        Assert.Equal(["list[1].f"], arguments.Unread());
        Assert.Contains("\"inner.x\"", Assert.Throws<InvalidOperationException>(() => arguments.Object("inner").Get("x")).Message);
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => arguments.Fixed("a", 2));
    }

    [Fact]
    public void Numbers_that_Python_writes_as_words_are_read()
    {
        GoldenArguments arguments = new(GoldenCase.Parse("""{ "what": "[NaN, they say]", "s_tmax": Infinity, "list": [-Infinity, 1.5] }"""));
        Assert.Equal(double.PositiveInfinity, arguments.Number("s_tmax"));
        Assert.Equal([double.NegativeInfinity, 1.5], arguments.Numbers("list"));
    }

    [Fact]
    public void Arguments_printed_by_Python_are_read()
    {
        GoldenArguments arguments = new(PythonLiteral.Parse("{'latents': (2, 3, 32), 'one': (1,), 'None': None, 'generator': '[one (1,) None]', 'flag': True}"));
        Assert.Equal([2, 3, 32], arguments.Ints("latents"));
        Assert.Equal([1], arguments.Ints("one"));
        Assert.Null(arguments.Find("None"));
        Assert.Equal("[one (1,) None]", arguments.Text("generator"));
        Assert.True(arguments.Flag("flag"));
    }

    /// <summary>The first case of every kind, with the case itself and every object in it whose keys are arguments.</summary>
    public static TheoryData<string, string> Places()
    {
        TheoryData<string, string> rows = [];
        foreach (var (path, _) in GoldenFolder.CasesIn(GoldenFolder.InRepository()).Where(one => !GoldenChecks.KindsNotBuiltYet.ContainsKey(one.Kind)).DistinctBy(one => one.Kind))
        {
            var json = JsonNode.Parse(File.ReadAllText(Path.Combine(GoldenFolder.InRepository(), path)))!;
            foreach (var place in new[] { "", "args", "call_kwargs", "scheduler_config", "openai_config", "diffusers_config_for_conversion", "config", "config_given", "set_timesteps" })
            {
                if (place.Length == 0 || json[place] is JsonObject)
                {
                    rows.Add(path, place);
                }
            }

            foreach (var list in new[] { "cases", "sequences" })
            {
                if (json[list] is JsonArray { Count: > 0 })
                {
                    rows.Add(path, $"{list}.0");
                }
            }
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void A_key_that_nobody_reads_fails_its_case_by_name(string path, string place) =>
        Assert.Contains(Extra, ChangedCase.Fails(path, json => json.At(place)[Extra] = 1).Message, StringComparison.Ordinal);

    [Fact]
    public void A_tensor_that_nobody_reads_fails_its_case_by_name()
    {
        // Of two outputs one is no longer told of, in the list of tensors and to the check.
        var folder = Directory.CreateTempSubdirectory("cm-golden-").FullName;
        try
        {
            const string Name = "scheduler_T40_c0_n1";
            var original = Path.Combine(GoldenFolder.InRepository(), "scheduler", Name);
            File.Copy(original + ".safetensors", Path.Combine(folder, "case.safetensors"));
            using GoldenCase golden = new(Path.Combine(folder, "case.json"), GoldenCase.Parse(File.ReadAllText(original + ".json")));
            golden.Floats("sigmas");
            golden.Ignore("timesteps_f32", "a reason");
            Assert.Contains("tensor scaled", golden.Unread());
            Assert.DoesNotContain("tensor sigmas", golden.Unread());
            Assert.DoesNotContain("tensor timesteps_f32", golden.Unread());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Every argument of every recorded sampler and edit with a denoiser that costs nothing.</summary>
    public static TheoryData<string, string> RecordedArguments()
    {
        TheoryData<string, string> rows = [];
        foreach (var (path, _) in GoldenFolder.CasesIn(GoldenFolder.InRepository()).Where(one => one.Kind is "karras_sample" or "edm_sampler" or "editing" or "ect_loss"))
        {
            var json = JsonNode.Parse(File.ReadAllText(Path.Combine(GoldenFolder.InRepository(), path)))!;
            if (json["denoiser"]?.GetValue<string>() != "unet")
            {
                foreach (var key in json["args"]!.AsObject().Select(argument => argument.Key).Where(key => Decides(json["args"]!, key)))
                {
                    rows.Add(path, key);
                }
            }
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(RecordedArguments))]
    public void A_changed_argument_changes_the_result(string path, string key) =>
        ChangedCase.Fails(path, json => json["args"]![key] = ChangedCase.Other(key, json["args"]![key]!));

    [Theory]
    [InlineData("samplers/sampler_heun_gmm.json", "args.sigma_min", "0.01")]
    [InlineData("samplers/sampler_heun_gmm.json", "args.sigma_max", "60")]
    [InlineData("samplers/sampler_heun_gmm.json", "args.rho", "5")]
    [InlineData("samplers/sampler_heun_gmm.json", "args.s_churn", "3")]
    [InlineData("samplers/sampler_dpm_churn_gmm.json", "clip_denoised", "false")]
    [InlineData("samplers/sampler_multistep_many_gmm.json", "args.sigma_max", "60")]
    [InlineData("samplers/sampler_multistep_many_pointwise.json", "distillation", "false")]
    [InlineData("samplers/sampler_multistep_many_pointwise.json", "shape", "[2, 3, 2, 8]")]
    [InlineData("samplers/sampler_euler_gmm.json", "random_calls", "[\"randn\", \"randn_like\"]")]
    [InlineData("samplers/sampler_euler_gmm.json", "denoiser_formula", "\"denoiser 'gmm': w=(0.4,0.6), s=0.2\"")]
    [InlineData("samplers/sampler_multistep_many_pointwise.json", "denoiser_formula", "\"F(x, t) = 0.8*tanh(1.3*x) + 0.2*cos(t/50) + 0.1*flip(x, width axis), wrapped by KarrasDenoiser(sigma_data=0.6)\"")]
    [InlineData("extra/edm_sampler_edm18.json", "args.rho", "5")]
    [InlineData("extra/edm_sampler_edm18.json", "args.sigma_min", "0.01")]
    [InlineData("extra/edm_sampler_edm18.json", "args.M", "500")]
    [InlineData("extra/edm_sampler_ablation_heun_edm.json", "args.alpha", "0.5")]
    [InlineData("extra/edm_sampler_ablation_heun_edm.json", "tensors.inputs.latents.shape", "[2, 3, 2, 8]")]
    [InlineData("extra/ect_loss_default.json", "args.P_mean", "-1")]
    [InlineData("extra/ect_loss_c006_stage3.json", "stage", "2")]
    [InlineData("extra/ect_loss_c006_stage3.json", "precond", "\"ECMPrecond sigma_data 0.5, sigma_min 0.03; and so on\"")]
    [InlineData("extra/edm_loss.json", "P_std", "1.3")]
    [InlineData("extra/edm_loss.json", "sigma_data_of_loss", "0.6")]
    [InlineData("extra/edm_loss.json", "sigma_data_of_precond", "0.6")]
    [InlineData("extra/center_crop_0.json", "image_size", "31")]
    [InlineData("extra/random_util.json", "seed", "43")]
    [InlineData("extra/random_util.json", "num_samples", "9")]
    [InlineData("extra/random_util.json", "note", "\"randint(0,999,(3,))\"")]
    [InlineData("editing/superres_gmm.json", "args.patch_size", "4")]
    [InlineData("editing/superres_gmm.json", "function", "\"iterative_colorization\"")]
    [InlineData("pipeline/pipeline_uneven_3step.json", "call_kwargs.class_labels", "[1, 3, 0]")]
    [InlineData("pipeline/pipeline_uneven_3step.json", "batch_size", "2")]
    [InlineData("pipeline/pipeline_uneven_3step.json", "scheduler_config.sigma_data", "0.5")]
    [InlineData("pipeline/pipeline_uneven_noclip.json", "scheduler_config.s_noise", "1")]
    [InlineData("pipeline/pipeline_errors.json", "cases.5.kwargs", "\"{'class_labels': 999}\"")]
    [InlineData("pipeline/pipeline_errors.json", "cases.5.kwargs", "\"{'class_labels': 1000000, 'not_an_argument': 1}\"")]
    [InlineData("scheduler/scheduler_errors.json", "cases.3.what.args.timesteps", "[6, 5, 0]")]
    [InlineData("scheduler/scheduler_add_noise.json", "set_timesteps.num_inference_steps", "7")]
    [InlineData("openai/tiny/io.json", "tensors.inputs.qkv.what", "\"4 heads of 8\"")]
    [InlineData("openai/tiny/io.json", "openai_config.attention_resolutions", "[1]")]
    [InlineData("unet/test_config/io.json", "config_given.layers_per_block", "1")]
    public void A_value_given_or_changed_elsewhere_changes_the_result(string path, string place, string value)
    {
        var last = place.LastIndexOf('.');
        ChangedCase.Fails(path, json => json.At(place[..Math.Max(0, last)])[place[(last + 1)..]] = JsonNode.Parse(value));
    }

    // The reference itself goes by the first level alone in one step, and hands multistep another rho than the one it is given.
    private static bool Decides(JsonNode arguments, string key) => arguments["sampler"]?.GetValue<string>() switch
    {
        "onestep" => key is "sampler" or "sigma_max",
        "multistep" => key is not "rho",
        _ => true,
    };
}
