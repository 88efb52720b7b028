using ConsistencyModels.Imaging;
using ConsistencyModels.Models;
using ConsistencyModels.Pixels;
using SkiaSharp;

namespace ConsistencyModels.Cli.Tests.Edits;

/// <summary><c>cm edit</c>, verb by verb, and what is wrong with a line.</summary>
public sealed class EditCommandTests(EditProgram program) : IClassFixture<EditProgram>
{
    [Fact]
    public void Inpainting_leaves_the_rest_of_the_picture_alone()
    {
        var before = program.Picture("a.png", 8, 8);
        program.Fine("edit inpaint @a.png -m @model --rect 2,1,3,4 --steps 2 --seed 1 -o @inpainted.png");
        var after = program.Read("inpainted.png");
        var changed = 0;
        for (var y = 0; y < 8; y++)
        {
            for (var x = 0; x < 8; x++)
            {
                var same = before.Pixel(x, y).SequenceEqual(after.Pixel(x, y));
                Assert.True(same || (x is >= 2 and < 5 && y is >= 1 and < 5), $"({x}, {y}) has changed");
                changed += same ? 0 : 1;
            }
        }

        Assert.True(changed > 6);
        Assert.Equal("inpaint", PngText.ReadFile(program.Path("inpainted.png"))["edit"]);
    }

    [Fact]
    public void A_picture_of_any_size_is_tiled_and_pasted_back()
    {
        var before = program.Picture("wide.png", 21, 13);
        program.Fine("edit inpaint @wide.png -m @model --auto checkers --fit tile --steps 1 --seed 1 -o @tiled.png");
        var after = program.Read("tiled.png");
        Assert.Equal((21, 13), (after.Width, after.Height));
        Assert.NotEqual(before.Pixels, after.Pixels);
        var error = program.Fine("edit inpaint @wide.png -m @model --auto center --paste --steps 1 --seed 1 -o @pasted.png").Error;
        Assert.Contains("wide.png has 21x13 pixels: its middle is used, scaled to 8x8; --fit tile edits all of it at its own size, --fit pad uses all of it", error, StringComparison.Ordinal);
        var pasted = program.Read("pasted.png");
        Assert.Equal((21, 13), (pasted.Width, pasted.Height));

        // The middle quarter at the picture's size is all that may change.
        Assert.Equal(before.Row(0), pasted.Row(0));
        Assert.Equal(before.Row(12), pasted.Row(12));
    }

    [Theory]
    [InlineData("inpaint @p.png --rect 1,1,2,2", 21, 5, 1)]
    [InlineData("inpaint @p.png --rect 1,1,2,2", 5, 3, 1)]
    [InlineData("colorize @p.png", 9, 17, 1)]
    [InlineData("stroke @p.png --sigma 0.5", 11, 12, 1)]
    [InlineData("variations @p.png", 7, 30, 1)]
    [InlineData("denoise @p.png --sigma 0.1", 20, 20, 1)]
    [InlineData("superres @p.png --factor 2", 5, 9, 2)]
    [InlineData("superres @p.png --factor 4", 1, 3, 4)]
    public void Tiles_give_back_a_picture_of_any_size(string words, int width, int height, int factor)
    {
        var before = program.Picture("p.png", width, height, seed: 9);
        program.Fine($"edit {words} -m @model --fit tile --steps 1 --seed 1 -n 1 -o @whole.png");
        var after = program.Read("whole.png");
        Assert.Equal((width * factor, height * factor), (after.Width, after.Height));
        Assert.True(words.StartsWith("superres", StringComparison.Ordinal) || !before.Pixels.SequenceEqual(after.Pixels));
        if (words.StartsWith("inpaint", StringComparison.Ordinal))
        {
            Assert.Equal(before.Row(0), after.Row(0));
            Assert.Equal(before.Pixel(width - 1, 1), after.Pixel(width - 1, 1));
        }
    }

    [Fact]
    public void Seeds_count_on_over_results_and_pictures_whatever_the_chunk()
    {
        program.Picture("one.png", 8, 8, seed: 11);
        program.Picture("two.png", 8, 8, seed: 12);
        program.Fine("edit stroke @one.png @two.png -m @model --classes floor --seed 5 -n 2 -o @all --chunk 3");
        program.Fine("edit stroke @two.png -m @model --classes floor --seed 8 -o @second.png");
        Assert.Equal(program.Read("second.png").Pixels, program.Read(Path.Combine("all", "two-stroke-2.png")).Pixels);
        Assert.Equal("8", PngText.ReadFile(program.Path(Path.Combine("all", "two-stroke-2.png")))["seed"]);
    }

    [Theory]
    [InlineData("colorize @c.png --classes floor --steps 2", 2, 8)]
    [InlineData("superres @c.png --factor 4 --fit crop --steps 2", 2, 8)]
    [InlineData("stroke @c.png --steps 2", 1, 8)]
    [InlineData("denoise @c.png --sigma 0.3", 1, 8)]
    [InlineData("variations @c.png --sigma 1 -n 3", 3, 8)]
    [InlineData("inpaint @c.png --auto left --colorize --steps 2 -n 2", 3, 8)]
    [InlineData("superres @c.png --factor 2 --fit tile --steps 1", 1, 16)]
    [InlineData("denoise @c.png --sigma 0.3 --add-noise", 2, 8)]
    public void Every_verb_makes_a_strip(string words, int after, int side)
    {
        program.Picture("c.png", 8, 8, seed: 2);
        program.Fine($"edit {words} -m @model --seed 3 --compare --scale 2 -o @strip.png");
        var strip = program.Read("strip.png");

        // Before, and what comes after it; two pixels around each.
        Assert.Equal((((1 + after) * ((2 * side) + 2)) + 2, (2 * side) + 4), (strip.Width, strip.Height));
    }

    [Fact]
    public void An_interpolation_begins_and_ends_with_its_pictures()
    {
        var a = program.Picture("from.png", 8, 8, seed: 4);
        var b = program.Picture("to.png", 8, 8, seed: 5);
        program.Fine("edit interpolate @from.png @to.png -m @model --frames 4 --seed 1 -o @between.png");
        var strip = program.Read("between.png");
        Assert.Equal((42, 12), (strip.Width, strip.Height));
        Assert.Equal(a.Pixels, ImageResize.Crop(strip, 2, 2, 8, 8).Pixels);
        Assert.Equal(b.Pixels, ImageResize.Crop(strip, 32, 2, 8, 8).Pixels);

        Assert.Contains(", 1 step, seed 1", program.Fine("edit interpolate --seeds 1,2 -m @gray --frames 3 --seed 1 -o @seeds.png").Error, StringComparison.Ordinal);
        program.Fine("generate -m @gray --seed 1 -o @one.png");
        Assert.Equal(program.Read("one.png", 1).Pixels, ImageResize.Crop(program.Read("seeds.png", 1), 2, 2, 8, 8).Pixels);
    }

    [Fact]
    public void An_interpolation_moves_there_and_back()
    {
        program.Fine("edit interpolate --seeds 1,2 -m @model --frames 4 --seed 1 --scale 2 --animate 80 -o @walk.webp");
        program.Fine("edit interpolate --seeds 1,2 -m @model --frames 4 --seed 1 -o @walk.png");
        using var codec = SKCodec.Create(program.Path("walk.webp"));
        Assert.Equal((16, 16), (codec.Info.Width, codec.Info.Height));
        Assert.Equal([80, 80, 80, 80, 80, 80], codec.FrameInfo.Select(frame => frame.Duration));

        // What does not play it shows the first frame.
        var first = ImageResize.Crop(program.Read("walk.png"), 2, 2, 8, 8);
        Assert.Equal(ImageGrid.Compose([first], new GridOptions { Padding = 0, Scale = 2 }).Pixels, program.Read("walk.webp").Pixels);
    }

    [Fact]
    public void Several_pictures_make_files_of_their_own_and_one_sheet()
    {
        program.Picture("p.png", 8, 8, seed: 6);
        program.Picture("q.png", 16, 8, seed: 7);
        var result = program.Fine("edit stroke @p.png @q.png -m @model --seed 1 -n 2 -o @many --quiet --json");
        Assert.Contains("p-stroke-1.png", result.Out, StringComparison.Ordinal);
        Assert.Equal(["p-stroke-1.png", "p-stroke-2.png", "q-stroke-1.png", "q-stroke-2.png"], Directory.EnumerateFiles(program.Path("many")).Select(Path.GetFileName).Order());
        program.Fine("edit stroke @p.png @q.png -m @model --seed 1 -n 2 --compare -o @sheet.png");
        Assert.Equal((32, 22), (program.Read("sheet.png").Width, program.Read("sheet.png").Height));
    }

    [Fact]
    public void Masks_come_from_files_and_from_transparency()
    {
        var picture = program.Picture("holes.png", 8, 8, channels: 4);
        program.Fine("edit inpaint @holes.png -m @model --alpha --steps 1 --seed 1 -o @filled.png");
        var filled = program.Read("filled.png");
        var mask = new ImageBuffer(8, 8, 1);
        for (var i = 0; i < 64; i++)
        {
            mask.Pixels[i] = picture.Pixels[(4 * i) + 3] >= 128 ? (byte)0 : byte.MaxValue;
        }

        ImageEncoder.SaveFile(mask, program.Path("mask.png"));
        ImageEncoder.SaveFile(picture.WithChannels(3), program.Path("opaque.png"));
        program.Fine("edit inpaint @opaque.png -m @model --mask @mask.png --steps 1 --seed 1 -o @masked.png");
        Assert.Equal(filled.Pixels, program.Read("masked.png").Pixels);
        program.Fine("edit inpaint @opaque.png -m @model --mask @mask.png --invert --steps 1 --seed 1 -o @inverted.png");
        Assert.NotEqual(filled.Pixels, program.Read("inverted.png").Pixels);
    }

    [Theory]
    [InlineData("inpaint @a.png", "nothing says what to fill: give --mask FILE, --alpha, --rect X,Y,W,H, or to try it --auto center")]
    [InlineData("inpaint @a.png --mask @small.png", "small.png has 4x4 pixels, expected 8x8, as ")]
    [InlineData("inpaint @a.png --alpha", "has no transparent part, so nothing says what to fill; give --mask, --rect or --auto")]
    [InlineData("inpaint @a.png --mask @dark.png", "dark.png fills nothing: white is filled, and its lightest pixel is 1 of 255; --invert fills what is black")]
    [InlineData("inpaint @a.png --mask @white.png --invert", "white.png fills nothing: with --invert black is filled, and all of it is white")]
    [InlineData("inpaint @a.png --rect 0,0,8,8 --invert", "--invert: the hole is the whole picture, so there is nothing left to fill")]
    [InlineData("inpaint @wide.png --rect 0,0,2,2", "wide.png: what is to be filled lies outside of the middle that is used; --fit tile edits all of the picture at its own size, --fit pad uses all of it")]
    [InlineData("superres @wide.png --factor 2 --fit crop", "wide.png has 20x8 pixels and would come out smaller, 8x8; leave --fit out, and all of it is enlarged")]
    [InlineData("colorize @folder", "is a folder, expected pictures; name them, as in ")]
    [InlineData("inpaint @a.png --alpha --auto left", "--mask, --alpha, --rect and --auto each say what to keep; give one of them")]
    [InlineData("inpaint @a.png --rect 1,2,3", "--rect is '1,2,3', expected four whole numbers such as 8,8,16,16")]
    [InlineData("inpaint @a.png --rect 6,6,4,4", "The rectangle is 4x4 at (6, 6) (width x height, column, row); expected one inside 8x8.")]
    [InlineData("inpaint @a.png --auto spiral", "--auto is 'spiral', expected center, left, top, checkers or stripes")]
    [InlineData("superres @a.png --factor 3", "The factor is 3, which does not divide the size 8x8; expected a divisor of both sides, such as 2, 4, 8.")]
    [InlineData("superres @a.png --steps 41", "--steps: The number of steps is 41, expected 1 to num_train_timesteps, 40. For example --steps 4")]
    [InlineData("colorize @a.png --timesteps 0,3", "--timesteps: The timesteps must be in descending order; found 3 after 0. For example --timesteps 30,20,10,0")]
    [InlineData("colorize @a.png --steps 2 --timesteps 3,0", "--steps and --timesteps say the same thing in two ways; give one of them")]
    [InlineData("colorize @a.png --classes dragon", "--classes: there is no class 'dragon'.")]
    [InlineData("colorize @text.png", "text.png: not an image that can be read; expected PNG, JPEG, WebP, GIF or BMP.")]
    [InlineData("colorize @missing.png", "missing.png: cannot be read:")]
    [InlineData("stroke @a.png --sigma 0.001", "--sigma: The first noise level must be a finite number above the model's smallest, 0.002. Found 0.001.")]
    [InlineData("denoise @a.png", "--sigma")]
    [InlineData("interpolate @a.png", "an interpolation is between two pictures or two --seeds; found 1 pictures")]
    [InlineData("interpolate --seeds 1,2 --animate 80 -o @walk.png", "walk.png, expected webp: only WebP moves")]
    [InlineData("interpolate --seeds 1,2 --animate 80 --format jpeg", "--animate: found --format jpeg, expected webp: only WebP moves")]
    [InlineData("interpolate --seeds 1,2 --animate 0", "--animate is '0', expected a whole number from 1 to 60000")]
    [InlineData("interpolate --seeds 1", "--seeds is '1', expected two whole numbers such as 1,2")]
    public void Mistakes_are_one_line(string words, string expected)
    {
        program.Picture("a.png", 8, 8);
        program.Picture("small.png", 4, 4);
        program.Picture("wide.png", 20, 8);
        program.Plain("dark.png", 8, 8, 1);
        program.Plain("white.png", 8, 8, byte.MaxValue);
        Directory.CreateDirectory(program.Path("folder"));
        File.WriteAllText(program.Path("text.png"), "no picture");
        program.Bad($"edit {words} -m @model", expected);
    }

    // As diffusers, Automatic1111 and ComfyUI have it.
    [Fact]
    public void What_is_white_in_a_mask_is_filled_and_what_is_gray_is_mixed()
    {
        var picture = program.Picture("m.png", 8, 8, seed: 21);
        var mask = new ImageBuffer(8, 8, 1);
        mask.Row(0).Fill(byte.MaxValue);
        ImageEncoder.SaveFile(mask, program.Path("hard.png"));
        mask.Row(1).Fill(128);
        ImageEncoder.SaveFile(mask, program.Path("soft.png"));
        var error = program.Fine("edit inpaint @m.png -m @model --mask @soft.png --steps 2 --seed 1 -o @soft-result.png").Error;
        Assert.Contains("fills 18.8% of the picture", error, StringComparison.Ordinal);
        Assert.Contains("the mask has gray: such pixels are filled and mixed with the picture in that share", error, StringComparison.Ordinal);
        var soft = program.Read("soft-result.png");
        Assert.NotEqual(picture.Row(0).ToArray(), soft.Row(0).ToArray());
        Assert.NotEqual(picture.Row(1).ToArray(), soft.Row(1).ToArray());
        for (var y = 2; y < 8; y++)
        {
            Assert.Equal(picture.Row(y), soft.Row(y));
        }

        // The same edge, not softened: what is mixed lies between it and the picture.
        mask.Row(1).Fill(byte.MaxValue);
        ImageEncoder.SaveFile(mask, program.Path("both.png"));
        program.Fine("edit inpaint @m.png -m @model --mask @both.png --steps 2 --seed 1 -o @both-result.png");
        var both = program.Read("both-result.png");
        Assert.Equal(both.Row(0), soft.Row(0));
        for (var i = 0; i < soft.Row(1).Length; i++)
        {
            Assert.InRange(soft.Row(1)[i], (((picture.Row(1)[i] * 127) + (both.Row(1)[i] * 128)) / 255) - 1, (((picture.Row(1)[i] * 127) + (both.Row(1)[i] * 128)) / 255) + 1);
        }

        Assert.Contains("fills 12.5% of the picture", program.Fine("edit inpaint @m.png -m @model --mask @hard.png --steps 1 --seed 1 -o @hard-result.png").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void On_a_transparent_layer_what_is_painted_is_filled()
    {
        var picture = program.Picture("m.png", 8, 8, seed: 22);
        var layer = new ImageBuffer(8, 8, 4);
        layer.Row(2).Fill(0);
        for (var x = 0; x < 8; x++)
        {
            layer.Pixel(x, 2)[3] = byte.MaxValue;
        }

        ImageEncoder.SaveFile(layer, program.Path("layer.png"));
        program.Fine("edit inpaint @m.png -m @model --mask @layer.png --steps 1 --seed 1 -o @layer-result.png");
        var result = program.Read("layer-result.png");
        Assert.NotEqual(picture.Row(2).ToArray(), result.Row(2).ToArray());
        Assert.Equal(picture.Row(3), result.Row(3));

        new byte[] { 255, 255, 255, 255 }.CopyTo(layer.Pixel(4, 2));
        ImageEncoder.SaveFile(layer, program.Path("two-colours.png"));
        program.Bad("edit inpaint @m.png -m @model --mask @two-colours.png", "two-colours.png: The mask has transparent parts and is painted in dark and light");
    }

    [Fact]
    public void A_mask_that_keeps_nothing_is_said()
    {
        program.Picture("m.png", 8, 8, seed: 23);
        Assert.Contains("the mask keeps nothing, so all of the picture is made up", program.Fine("edit inpaint @m.png -m @model --rect 0,0,8,8 --steps 1 --seed 1 -o @all.png").Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(20, 12, 2)]
    [InlineData(9, 8, 4)]
    [InlineData(2, 2, 4)]
    public void An_enlargement_is_never_smaller_than_its_picture(int width, int height, int factor)
    {
        program.Picture("p.png", width, height, seed: 9);
        program.Fine($"edit superres @p.png -m @model --factor {factor} --steps 1 --seed 1 -o @large.png");
        Assert.Equal((width * factor, height * factor), (program.Read("large.png").Width, program.Read("large.png").Height));
    }

    [Fact]
    public void Transparency_stays_beside_the_colours()
    {
        var picture = program.Picture("sprite.png", 8, 8, channels: 4);
        program.Fine("edit superres @sprite.png -m @model --factor 2 --steps 1 --seed 1 -o @large.png");
        var large = program.Read("large.png", 4);
        Assert.Equal((16, 16), (large.Width, large.Height));
        Assert.Contains(large.Pixels.Where((_, i) => i % 4 == 3), alpha => alpha < 100);
        program.Fine("edit stroke @sprite.png -m @model --sigma 0.5 --steps 1 --seed 1 -o @same.png");
        var same = program.Read("same.png", 4);
        Assert.Equal(picture.Pixels.Where((_, i) => i % 4 == 3), same.Pixels.Where((_, i) => i % 4 == 3));

        Assert.Contains("JPEG has no transparency", program.Fine("edit stroke @sprite.png -m @model --steps 1 --seed 1 -o @flat.jpg").Error, StringComparison.Ordinal);
        Assert.Contains("its transparent parts are drawn on black; without --compare they stay transparent", program.Fine("edit stroke @sprite.png -m @model --steps 1 --seed 1 --compare -o @strip.png").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_result_says_all_that_made_it()
    {
        program.Picture("a.png", 8, 8);
        var result = program.Fine("edit inpaint @a.png -m @model --auto center --seed 4 -o @told.png --json");
        var json = System.Text.Json.JsonDocument.Parse(result.Out).RootElement.GetProperty("results")[0];
        Assert.True(json.GetProperty("class_drawn").GetBoolean());
        Assert.Equal(0.25, json.GetProperty("filled").GetDouble());
        var info = Cm.Succeed("info", program.Path("told.png")).Out;
        foreach (var words in (string[])["inpaint", "seed             4", "steps            10", "picture          a.png", "mask             center", "filled           25%", "class chosen by  seed"])
        {
            Assert.Contains(words, info, StringComparison.Ordinal);
        }

        // With the class that was drawn, said.
        var name = PngText.ReadFile(program.Path("told.png"))["class name"];
        program.Fine($"edit inpaint @a.png -m @model --auto center --seed 4 --classes {name} -o @again.png");
        Assert.NotEqual("seed", PngText.ReadFile(program.Path("again.png"))["class chosen by"]);
        Assert.Contains($"class {name} (drawn; --classes chooses)", program.Fine("edit inpaint @a.png -m @model --auto center --seed 4 -o @told.png").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_colour_profile_that_is_not_kept_is_said()
    {
        program.Picture("a.png", 8, 8);
        var bytes = File.ReadAllBytes(program.Path("a.png"));

        // A chunk of that name behind the header; its checksum is not looked at by everybody.
        byte[] chunk = [0, 0, 0, 4, (byte)'i', (byte)'C', (byte)'C', (byte)'P', (byte)'p', 0, 0, 0, 0, 0, 0, 0];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(12), Crc(chunk.AsSpan(4, 8)));
        File.WriteAllBytes(program.Path("profile.png"), [.. bytes[..33], .. chunk, .. bytes[33..]]);
        Assert.Contains("profile.png: its colour profile is not kept", program.Fine("edit stroke @profile.png -m @model --steps 1 --seed 1 -o @p.png").Error, StringComparison.Ordinal);
        Assert.DoesNotContain("profile", program.Fine("edit stroke @a.png -m @model --steps 1 --seed 1 -o @q.png").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_unknown_is_a_checkerboard_in_a_strip()
    {
        program.Picture("a.png", 8, 8);
        program.Fine("edit inpaint @a.png -m @model --rect 0,0,8,8 --steps 1 --seed 1 --compare -o @strip.png");
        var seen = ImageResize.Crop(program.Read("strip.png"), 12, 2, 8, 8);
        Assert.All(seen.Pixels, value => Assert.True(value is 102 or 153));
        Assert.NotEqual(seen.Pixel(0, 0).ToArray(), seen.Pixel(1, 0).ToArray());
    }

    [Fact]
    public void Each_picture_has_a_strip_of_its_own_unless_one_file_is_named()
    {
        program.Picture("p.png", 8, 8, seed: 6);
        program.Picture("q.png", 8, 8, seed: 7);
        program.Fine("edit stroke @p.png @q.png -m @model --seed 1 --compare -o @strips");
        Assert.Equal(["p-stroke-compare.png", "q-stroke-compare.png"], Directory.EnumerateFiles(program.Path("strips")).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Levels_of_edits_are_the_models_own_or_by_its_size()
    {
        program.Picture("a.png", 8, 8);
        Assert.Contains("sigma 0.25, ", program.Fine("edit stroke @a.png -m @model --steps 1 --seed 1 -o @s.png").Error, StringComparison.Ordinal);
        Assert.Contains("sigma 0.125, ", program.Fine("edit variations @a.png -m @model --steps 1 -n 1 --seed 1 -o @v.png").Error, StringComparison.Ordinal);
        using var bundled = ModelReader.Open(RepositoryFiles.Model("crawl-tiles-32"));
        Assert.NotEqual(EditDefaults.Of(bundled.Config.SampleSize), bundled.EditDefaults);
        Assert.Contains(FormattableString.Invariant($"sigma {bundled.EditDefaults.StrokeSigma}, "), program.Fine("edit stroke @a.png --steps 1 --seed 1 -o @b.png").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gray_model_has_no_colours_to_give()
    {
        program.Picture("a.png", 8, 8);
        program.Bad("edit colorize @a.png -m @gray", "This edit weighs 3 colour channels against each other; the model's images have 1 (gray), expected 3.");
        program.Bad("edit inpaint @a.png -m @gray --auto left --colorize", "the model's images have 1 (gray), expected 3.");
    }

    [Fact]
    public void A_bomb_is_refused_by_its_header()
    {
        // A picture of one row whose header says 20,000 x 20,000; the checksum is right.
        program.Picture("bomb.png", 8, 1);
        var bytes = File.ReadAllBytes(program.Path("bomb.png"));
        byte[] side = [0, 0, 0x4E, 0x20];
        side.CopyTo(bytes, 16);
        side.CopyTo(bytes, 20);
        var checksum = Crc(bytes.AsSpan(12, 17));
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(29), checksum);
        File.WriteAllBytes(program.Path("bomb.png"), bytes);
        var allocated = GC.GetTotalAllocatedBytes();
        program.Bad("edit colorize @bomb.png -m @model", "bomb.png: the header says 20000x20000 = 400000000 pixels; at most 67108864 are accepted.");
        Assert.InRange(GC.GetTotalAllocatedBytes() - allocated, 0, 200L << 20);
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
            }
        }

        return ~crc;
    }
}
