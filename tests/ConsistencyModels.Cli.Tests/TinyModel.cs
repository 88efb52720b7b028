using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Tests;

/// <summary>Models and pictures small enough to be made for every test.</summary>
internal static class TinyModel
{
    /// <summary>Side of its pictures in pixels.</summary>
    public const int Size = 8;

    /// <summary>Names of its classes.</summary>
    public static readonly string[] Classes = ["floor", "wall", "monster"];

    private const string Template = """
        {
          "_class_name": "UNet2DModel", "sample_size": 8, "block_out_channels": [8, 16], "norm_num_groups": 4, "layers_per_block": 1,
          "down_block_types": ["ResnetDownsampleBlock2D", "AttnDownBlock2D"], "up_block_types": ["AttnUpBlock2D", "ResnetUpsampleBlock2D"],
          "downsample_type": "resnet", "upsample_type": "resnet", "attention_head_dim": 8, "resnet_time_scale_shift": "scale_shift",
          "num_class_embeds": CLASSES
        }
        """;

    /// <summary>Writes its config.json and returns the path.</summary>
    public static string Config(TempFolder folder, bool classes = true)
    {
        var path = folder[classes ? "classes.json" : "plain.json"];
        File.WriteAllText(path, Template.Replace("CLASSES", classes ? $"{Classes.Length}" : "null"));
        return path;
    }

    /// <summary>Makes a model with random weights and returns its folder.</summary>
    public static string Make(TempFolder folder, bool classes = true)
    {
        var model = folder[classes ? "model" : "plain"];
        string[] names = classes ? ["--class-names", string.Join(',', Classes)] : [];
        Cm.Succeed(["new", Config(folder, classes), "--out", model, "--seed", "3", "--quiet", .. names]);
        return model;
    }

    /// <summary>The file of its weights.</summary>
    public static string Weights(string model) => Path.Combine(model, "unet", "diffusion_pytorch_model.safetensors");

    /// <summary>Makes a folder of two classes of pictures to train on and returns it.</summary>
    public static string Pictures(TempFolder folder, int each = 6)
    {
        var root = folder["pictures"];
        for (var label = 0; label < 2; label++)
        {
            Directory.CreateDirectory(Path.Combine(root, Classes[label]));
            for (var i = 0; i < each; i++)
            {
                var image = new ImageBuffer(Size, Size, 3);
                new System.Random((100 * label) + i).NextBytes(image.Pixels);
                ImageEncoder.SaveFile(image, Path.Combine(root, Classes[label], $"{i}.png"));
            }
        }

        return root;
    }
}
