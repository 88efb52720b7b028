using ConsistencyModels.Checkpoints;

namespace ConsistencyModels.Cli.Tests.Commands;

public sealed class BadArgumentTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly string _model;

    public BadArgumentTests() => _model = TinyModel.Make(_folder);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("--classes wal", "no class 'wal'", "Did you mean wall?")]
    [InlineData("--classes floor,3", "no class '3'", "0 to 2")]
    [InlineData("--classes floor,,wall", "no class ''", "floor, wall, monster")]
    [InlineData("--steps 0", "--steps is '0'", "from 1")]
    [InlineData("--steps -2", "--steps is '-2'", "from 1")]
    [InlineData("--steps 41", "is 41", "1 to num_train_timesteps, 40")]
    [InlineData("--steps two", "--steps is 'two'", "whole number")]
    [InlineData("--timesteps 0,22", "descending", "--timesteps 22,0")]
    [InlineData("--timesteps 22,22", "descending", "--timesteps 22,0")]
    [InlineData("--timesteps 40,0", "from 40 to 0", "below num_train_timesteps, 40")]
    [InlineData("--timesteps 22,-1", "-1", "at least 0")]
    [InlineData("--timesteps 22,x", "--timesteps is '22,x'", "22,0")]
    [InlineData("--steps 2 --timesteps 22,0", "--steps and --timesteps", "give one")]
    [InlineData("--count 0", "--count is '0'", "1 to 1000000")]
    [InlineData("--seed -1", "--seed is '-1'", "0 or more")]
    [InlineData("--scale 65", "--scale is '65'", "1 to 64")]
    [InlineData("--size 7", "--size: The size is 7x7", "multiples of 2")]
    [InlineData("--size 16x4", "--size: The size is 4x16", "are for at least that")]
    [InlineData("--size 0", "--size is '0'", "96x64 (width x height)")]
    [InlineData("--size 8x8x8", "--size is '8x8x8'", "1 to 8192")]
    [InlineData("--sampler heum", "--sampler is 'heum'", "onestep, multistep, heun")]
    [InlineData("--sampler onestep --steps 2", "--steps: One-step sampling takes one step, not 2", "multistep")]
    [InlineData("--sampler heun --timesteps 22,0", "--timesteps: A list of timesteps", "no other sampler")]
    [InlineData("--sampler euler --churn 2", "--churn: The samplers with churn are Heun, Dpm2 and Edm", "Euler")]
    [InlineData("--churn -1", "--churn is '-1'", "from 0")]
    [InlineData("--sigma-max 0.001", "--sigma-max: The first noise level", "0.002")]
    [InlineData("--sigma-max 10 --timesteps 3,0", "--timesteps: A list of timesteps", "first level")]
    [InlineData("--format gif", "--format is 'gif'", "png, jpeg, webp, npy or safetensors")]
    [InlineData("--dtype f64", "--dtype is 'f64'", "f32, f16 or bf16")]
    [InlineData("--engine warp", "no engine \"warp\"", "torch")]
    [InlineData("--memory some", "--memory is 'some'", "normal or low")]
    [InlineData("--memory low --dtype bf16", "--memory low", "engine cpu")]
    [InlineData("--packed-cache maybe", "--packed-cache is 'maybe'", "on or off")]
    [InlineData("--device tpu", "found \"tpu\"", "cpu, cuda or cuda:N")]
    [InlineData("--device cuda:99", "cuda:99", "device")]
    [InlineData("--variant fp16", "fp16", "expected diffusion_pytorch_model.fp16.safetensors")]
    [InlineData("--variant ../x", "../x", "is not a variant")]
    [InlineData("--stesp 2", "'--stesp'", "Did you mean --steps?")]
    [InlineData("extra", "'extra'", "cm generate --help")]
    [InlineData("--steps", "--steps", "cm generate --help")]
    public void Words_that_make_no_sense_are_refused_in_a_line_that_says_what_would(string words, string found, string expected)
    {
        var line = Cm.Refuse(["generate", "--out", _folder["out"], "--model", _model, .. words.Split(' ')]);
        Assert.Contains(found, line);
        Assert.Contains(expected, line);
        Assert.False(Directory.Exists(_folder["out"]));
    }

    [Theory]
    [InlineData("a.png", "-n 2", "add --grid")]
    [InlineData("a.gif", "", ".png, .jpg, .jpeg or .webp")]
    [InlineData("a.png", "--format jpeg", "leave one out")]
    [InlineData("model/model_index.json", "", "expected a folder")]
    [InlineData("model/model_index.json/a.png", "", "expected a folder")]
    [InlineData("model/model_index.json/deep/a.png", "", "expected a folder")]
    public void Outputs_that_cannot_be_are_refused(string output, string words, string expected)
    {
        var before = _folder.Files;
        var line = Cm.Refuse(["generate", "--model", _model, "--out", _folder[output], .. words.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        Assert.Contains(expected, line);
        Assert.Equal(before, _folder.Files);
    }

    [Fact]
    public void A_class_for_a_model_without_classes_is_refused()
    {
        var plain = TinyModel.Make(_folder, classes: false);
        Assert.Contains("has no classes", Cm.Refuse("generate", "--model", plain, "--classes", "floor"));
    }

    [Fact]
    public void A_missing_folder_is_named()
    {
        var line = Cm.Refuse("generate", "--model", _folder["nowhere"]);
        Assert.Contains(_folder["nowhere"], line);
        Assert.Contains("no such file or folder", line);
        Assert.Contains("no such file or folder", Cm.Refuse("info", _folder["nowhere"]));
    }

    [Fact]
    public void Names_cannot_move_the_cursor_or_break_the_line()
    {
        var line = Cm.Refuse("generate", "--model", _folder["a\u001b[2Jb\nc"]);
        Assert.DoesNotContain('\u001b', line);
    }

    [Theory]
    [InlineData("noise", 1, "there is no tensor 'latents'; found noise")]
    [InlineData("latents", 1, "expected [N, 3, H, W]")]
    [InlineData("latents", 3, "--count is 2")]
    public void Latents_that_do_not_fit_are_refused(string name, int channels, string expected)
    {
        var file = _folder["noise.safetensors"];
        SafetensorsWriter.Write(file, [TensorToWrite.FromFloats(name, [1, channels, 8, 8], new float[channels * 64])]);
        Assert.Contains(expected, Cm.Refuse("generate", "--model", _model, "--latents", file, "-n", "2", "--out", _folder["out"]));
    }

    [Fact]
    public void Latents_that_are_not_finite_are_refused()
    {
        var values = new float[3 * 64];
        values[17] = float.NaN;
        var file = _folder["noise.safetensors"];
        SafetensorsWriter.Write(file, [TensorToWrite.FromFloats("latents", [1, 3, 8, 8], values)]);
        Assert.Contains("NaN", Cm.Refuse("generate", "--model", _model, "--latents", file));
    }

    [Theory]
    [InlineData("generat", "Did you mean generate?")]
    [InlineData("completion bush", "'bush'")]
    [InlineData("new tiny32", "'--out' is required")]
    [InlineData("new nothing --out x", "tiny32")]
    [InlineData("new --out x", "missing")]
    [InlineData("train pictures", "'--run' is required")]
    public void Commands_that_make_no_sense_are_refused(string words, string expected) =>
        Assert.Contains(expected, Cm.Refuse(words.Split(' ')));
}
