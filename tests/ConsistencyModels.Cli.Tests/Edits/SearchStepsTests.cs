using System.Text.Json;
using System.Text.Json.Nodes;
using ConsistencyModels.Cli.Searching;
using ConsistencyModels.Imaging;
using ConsistencyModels.Models;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Cli.Tests.Edits;

/// <summary><c>cm search-steps</c> and its distance.</summary>
public sealed class SearchStepsTests(EditProgram program) : IClassFixture<EditProgram>
{
    private void Reference(string name)
    {
        Directory.CreateDirectory(program.Path(name));
        for (var i = 0; i < 50; i++)
        {
            program.Picture(Path.Combine(name, $"{i}.png"), 8 + i, 9, seed: i);
        }
    }

    [Fact]
    public void It_ends_with_timesteps_that_generate_takes()
    {
        Reference("reference");
        var result = JsonDocument.Parse(program.Fine("search-steps -m @gray --reference @reference --samples 4 --json").Out).RootElement;
        int[] timesteps = [.. result.GetProperty("timesteps").EnumerateArray().Select(value => value.GetInt32())];
        Assert.Equal(2, timesteps.Length);
        Assert.InRange(timesteps[0], 1, 38);
        Assert.Equal(0, timesteps[1]);
        Assert.True(double.IsFinite(result.GetProperty("held_out_distance").GetDouble()));
        program.Fine($"generate -m @gray --timesteps {string.Join(',', timesteps)} -o @found.png");
    }

    [Fact]
    public void Written_into_the_model_they_are_what_a_number_of_steps_means()
    {
        Reference("seen");
        program.Fine("convert @gray @own");
        var before = ModelReader.Open(program.Path("own")).Scheduler;
        var result = program.Fine("search-steps -m @own --reference @seen --samples 4 --steps 3 --write --json");
        int[] timesteps = [.. JsonDocument.Parse(result.Out).RootElement.GetProperty("timesteps").EnumerateArray().Select(value => value.GetInt32())];
        Assert.Contains("--steps 3 draws by them from now on", result.Error, StringComparison.Ordinal);

        var after = ModelReader.Open(program.Path("own")).Scheduler;
        Assert.Equal(timesteps, after.OwnTimesteps.For(3));
        Assert.Equal(before, after with { OwnTimesteps = TimestepTable.None });
        Assert.Contains($"[{string.Join(", ", timesteps)}] where as many --steps are asked for", program.Fine("info @own").Out, StringComparison.Ordinal);

        program.Fine("generate -m @own --seed 3 --steps 3 -o @by-steps.png");
        program.Fine($"generate -m @own --seed 3 --timesteps {string.Join(',', timesteps)} -o @by-timesteps.png");
        program.Fine("generate -m @gray --seed 3 --steps 3 -o @spaced.png");
        Assert.Equal(Pixels("by-timesteps.png"), Pixels("by-steps.png"));
        Assert.NotEqual(Pixels("spaced.png"), Pixels("by-steps.png"));

        // Indices into another table are none of its own.
        program.Fine("generate -m @own --seed 3 --steps 3 --train-timesteps 60 -o @more-levels.png");
        program.Fine("generate -m @gray --seed 3 --steps 3 --train-timesteps 60 -o @more-levels-spaced.png");
        Assert.Equal(Pixels("more-levels-spaced.png"), Pixels("more-levels.png"));
        program.Bad("search-steps -m @own --reference @seen --samples 4 --train-timesteps 60 --write", "has 40 levels, and --train-timesteps is 60");
    }

    [Fact]
    public void Only_a_folder_of_ones_own_is_written_to()
    {
        Reference("read");
        program.Fine("convert @gray @bare.safetensors");
        program.Bad("search-steps -m @bare.safetensors --reference @read --write", "is no folder in diffusers' layout; cm convert makes such a folder");
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege on Windows.");
        program.Fine("convert @gray @linked");
        var file = program.Path("linked/scheduler/scheduler_config.json");
        File.Move(file, program.Path("blob"));
        File.CreateSymbolicLink(file, program.Path("blob"));
        program.Bad("search-steps -m @linked --reference @read --write", "is a link to what other folders may use");
    }

    [Fact]
    public void Levels_of_edits_are_written_into_the_model()
    {
        Reference("sketched");
        program.Fine("convert @gray @edited");
        var index = File.ReadAllText(program.Path("edited/model_index.json"));
        var found = JsonDocument.Parse(program.Fine("search-steps -m @edited --reference @sketched --samples 8 --edits --write --json").Out).RootElement;
        using (var model = ModelReader.Open(program.Path("edited")))
        {
            Assert.Equal(found.GetProperty("stroke_sigma").GetDouble(), model.EditDefaults.StrokeSigma);
            Assert.Equal(found.GetProperty("variation_sigma").GetDouble(), model.EditDefaults.VariationSigma);
        }

        // Only that key is new.
        var written = JsonNode.Parse(File.ReadAllText(program.Path("edited/model_index.json")))!.AsObject();
        Assert.True(written.Remove("_edit_defaults"));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(index), written));
        program.Bad("search-steps -m @gray --reference @sketched --edits --steps 3", "--edits looks for the levels of edits, --steps for timesteps");
        program.Bad("search-steps -m @model --reference @sketched --edits", "--edits: the class of every picture is needed, and");
        program.Fine("search-steps -m @model --reference @sketched --samples 8 --edits --classes wall");
    }

    [Fact]
    public void A_sketch_of_a_picture_is_squares_of_its_mean_colours_and_pictures_of_a_class_are_compared()
    {
        var values = new float[2 * 3 * 8 * 8];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = i % 8 < 4 ? 1 : i % 2 == 0 ? 0.5f : -0.5f;
        }

        var pictures = new EditedPictures(values, new ImageShape(2, 3, 8, 8), [1, 1]);
        var squares = pictures.Squares();
        for (var i = 0; i < values.Length; i++)
        {
            Assert.Equal(i % 8 < 4 ? 1f : 0f, squares[i]);
        }

        // Half of the pixels by a half.
        Assert.Equal(Math.Sqrt(0.125), pictures.MeanChange(squares), 1e-6);
        Assert.Equal(0, pictures.MeanDistance());
        var error = Assert.Throws<ConsistencyModelsException>(() => (pictures with { Labels = [0, 1] }).MeanDistance());
        Assert.Contains("no two pictures of the reference are of one class", error.Message, StringComparison.Ordinal);
    }

    private byte[] Pixels(string name) => ImageDecoder.DecodeFile(program.Path(name)).Pixels.ToArray();

    [Fact]
    public void It_wants_pictures_to_compare_with()
    {
        program.Bad("search-steps -m @model", "--reference");
        program.Bad("search-steps -m @model --reference @nowhere", "--reference: there is no folder or archive");
        Directory.CreateDirectory(program.Path("few"));
        program.Picture(Path.Combine("few", "one.png"), 8, 8);
        program.Bad("search-steps -m @model --reference @few", "few holds 1 pictures, expected at least 50, better hundreds");
    }

    [Fact]
    public void Only_the_classes_that_the_reference_shows_are_drawn()
    {
        foreach (var name in (string[])["wall", "gate"])
        {
            Directory.CreateDirectory(program.Path(Path.Combine("known", name)));
            Directory.CreateDirectory(program.Path(Path.Combine("strange", name + "s")));
            for (var i = 0; i < 25; i++)
            {
                program.Picture(Path.Combine("known", name, $"{i}.png"), 8, 8, seed: i);
                program.Picture(Path.Combine("strange", name + "s", $"{i}.png"), 8, 8, seed: i);
            }
        }

        Assert.Contains("only the classes of the reference are drawn, gate, wall", program.Fine("search-steps -m @model --reference @known --samples 2").Error, StringComparison.Ordinal);
        Assert.Contains("all 3 classes of the model are drawn", program.Fine("search-steps -m @model --reference @strange --samples 2").Error, StringComparison.Ordinal);
        Assert.Contains("reference: 4 of 50 pictures", program.Fine("search-steps -m @model --reference @strange --classes wall --samples 2").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_ring_of_links_makes_no_more_pictures()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege on Windows.");
        Directory.CreateDirectory(program.Path("ring/a"));
        program.Picture("ring/a/pic.png", 8, 8, seed: 1);
        Directory.CreateSymbolicLink(program.Path("ring/a/up"), "..");
        program.Bad("search-steps -m @model --reference @ring", "holds 1 pictures, expected at least 50, better hundreds; 1 linked folders are in it by another way too, and read once, such as 'a/up'");
    }

    [Fact]
    public void The_distance_tells_noise_and_colour_apart_and_is_nothing_between_equals()
    {
        var shape = new ImageShape(64, 3, 16, 16);
        var plain = ImageFeatures.Of(Pictures(shape, 1, noise: 0.1f, shift: 0), shape);
        var alike = ImageFeatures.Of(Pictures(shape, 2, noise: 0.1f, shift: 0), shape);
        var noisy = ImageFeatures.Of(Pictures(shape, 3, noise: 0.3f, shift: 0), shape);
        var reddish = ImageFeatures.Of(Pictures(shape, 4, noise: 0.1f, shift: 0.3f), shape);
        Assert.Equal(ImageFeatures.Length(3), plain[0].Length);
        var scale = ImageFeatures.Scaling(plain);
        double Distance(float[][] other) => ImageFeatures.EnergyDistance([.. plain.Select(scale)], [.. other.Select(scale)]);
        var none = Math.Abs(Distance(alike));
        Assert.True(Distance(noisy) > 10 * none, $"{Distance(noisy)} and {none}");
        Assert.True(Distance(reddish) > 10 * none, $"{Distance(reddish)} and {none}");
    }

    private static float[] Pictures(ImageShape shape, int seed, float noise, float shift)
    {
        var random = new System.Random(seed);
        var values = new float[shape.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var red = i / (shape.Height * shape.Width) % shape.Channels == 0;
            values[i] = (noise * ((2 * random.NextSingle()) - 1)) + (red ? shift : 0);
        }

        return values;
    }
}
