using ConsistencyModels.Files;

namespace ConsistencyModels.Networks;

/// <content>Reading and writing <c>config.json</c>.</content>
public sealed partial record UNet2DConfig
{
    private const string ClassName = "UNet2DModel";

    // Younger than the version the files name (ConfigWriter.DiffusersVersion), which warns of them: written where they say something.
    private const string TimeEmbeddingDimKey = "time_embedding_dim";
    private const string MidBlockScaleFactorKey = "mid_block_scale_factor";
    private const string MidBlockTypeKey = "mid_block_type";

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <exception cref="ConsistencyModelsException">The file is missing, not JSON, of another class, or asks for what this library does not have; names the key.</exception>
    public static UNet2DConfig Load(string path) => Read(ConfigReader.Load(path));

    /// <summary>Reads a configuration from text.</summary>
    /// <param name="json">A JSON object.</param>
    /// <param name="origin">Where it came from, for messages.</param>
    /// <exception cref="ConsistencyModelsException">As for <see cref="Load"/>.</exception>
    public static UNet2DConfig FromJson(string json, string origin = "config.json") => Read(ConfigReader.FromJson(json, origin));

    /// <summary>Writes a <c>config.json</c> that diffusers reads.</summary>
    /// <exception cref="ConsistencyModelsException">The file cannot be written.</exception>
    public void Save(string path) => Writer().Save(path);

    /// <summary>The text of <see cref="Save"/>.</summary>
    public string ToJson() => Writer().ToJson();

    private static UNet2DConfig Read(ConfigReader reader)
    {
        if (reader.StringOrNull("_class_name") is { } name && name != ClassName)
        {
            throw reader.Bad("_class_name", $"\"{ClassName}\"");
        }

        RefuseUnknownKinds(reader);
        var defaults = new UNet2DConfig();
        var config = defaults with
        {
            SampleSize = ReadSize(reader),
            InChannels = reader.Int("in_channels", defaults.InChannels),
            OutChannels = reader.Int("out_channels", defaults.OutChannels),
            CenterInputSample = reader.Bool("center_input_sample", false),
            TimeEmbeddingType = reader.String("time_embedding_type", defaults.TimeEmbeddingType),
            TimeEmbeddingDim = reader.IntOrNull(TimeEmbeddingDimKey),
            FreqShift = reader.Int("freq_shift", 0),
            FlipSinToCos = reader.Bool("flip_sin_to_cos", true),
            DownBlockTypes = reader.StringList("down_block_types", defaults.DownBlockTypes),
            MidBlockType = reader.Keys.Contains(MidBlockTypeKey) ? reader.StringOrNull(MidBlockTypeKey) : defaults.MidBlockType,
            UpBlockTypes = reader.StringList("up_block_types", defaults.UpBlockTypes),
            BlockOutChannels = reader.IntList("block_out_channels", defaults.BlockOutChannels),
            LayersPerBlock = reader.Int("layers_per_block", defaults.LayersPerBlock),
            MidBlockScaleFactor = reader.Double(MidBlockScaleFactorKey, defaults.MidBlockScaleFactor),
            DownsamplePadding = reader.Int("downsample_padding", defaults.DownsamplePadding),
            DownsampleType = reader.String("downsample_type", defaults.DownsampleType),
            UpsampleType = reader.String("upsample_type", defaults.UpsampleType),
            Dropout = reader.Double("dropout", 0),
            ActFn = reader.String("act_fn", defaults.ActFn),
            AttentionHeadDim = reader.Keys.Contains("attention_head_dim") ? reader.IntOrNull("attention_head_dim") : defaults.AttentionHeadDim,
            NormNumGroups = reader.Int("norm_num_groups", defaults.NormNumGroups),
            AttnNormNumGroups = reader.IntOrNull("attn_norm_num_groups"),
            NormEps = reader.Double("norm_eps", defaults.NormEps),
            ResnetTimeScaleShift = reader.String("resnet_time_scale_shift", defaults.ResnetTimeScaleShift),
            AddAttention = reader.Bool("add_attention", true),
            NumClassEmbeds = reader.IntOrNull("num_class_embeds"),
        };
        config = config with { Extras = reader.Extras };
        UNet2DConfigValidation.ThrowIfUnsupported(config, reader.Origin);
        return config;
    }

    // Keys that change the network in ways this library does not have; their harmless value is null.
    private static void RefuseUnknownKinds(ConfigReader reader)
    {
        if (reader.StringOrNull("class_embed_type") is not null)
        {
            throw reader.Bad("class_embed_type", "null (labels are looked up in an embedding)");
        }

        if (reader.IntOrNull("num_train_timesteps") is not null && reader.StringOrNull("time_embedding_type") == "learned")
        {
            throw reader.Bad("time_embedding_type", "\"positional\" or \"fourier\"");
        }
    }

    private static ImageSize? ReadSize(ConfigReader reader)
    {
        if (!reader.Has("sample_size"))
        {
            _ = reader.Element("sample_size");
            return null;
        }

        var values = reader.IntList("sample_size");
        return values.Count switch
        {
            1 => new ImageSize(values[0], values[0]),
            2 => new ImageSize(values[0], values[1]),
            _ => throw reader.Bad("sample_size", "a number, or [height, width]"),
        };
    }

    private ConfigWriter Writer()
    {
        var writer = new ConfigWriter()
            .Set("_class_name", ClassName)
            .Set("in_channels", InChannels)
            .Set("out_channels", OutChannels)
            .Set("center_input_sample", CenterInputSample)
            .Set("time_embedding_type", TimeEmbeddingType)
            .Set("freq_shift", FreqShift)
            .Set("flip_sin_to_cos", FlipSinToCos)
            .Set("down_block_types", DownBlockTypes)
            .Set("up_block_types", UpBlockTypes)
            .Set("block_out_channels", BlockOutChannels)
            .Set("layers_per_block", LayersPerBlock)
            .Set("downsample_padding", DownsamplePadding)
            .Set("downsample_type", DownsampleType)
            .Set("upsample_type", UpsampleType)
            .Set("dropout", Dropout)
            .Set("act_fn", ActFn)
            .Set("attention_head_dim", AttentionHeadDim)
            .Set("norm_num_groups", NormNumGroups)
            .Set("attn_norm_num_groups", AttnNormNumGroups)
            .Set("norm_eps", NormEps)
            .Set("resnet_time_scale_shift", ResnetTimeScaleShift)
            .Set("add_attention", AddAttention)
            .Set("class_embed_type", (string?)null)
            .Set("num_class_embeds", NumClassEmbeds)
            .Set("num_train_timesteps", (int?)null);

        // diffusers' default is an integer, and stays one.
        _ = MidBlockScaleFactor == 1 ? writer.Set(MidBlockScaleFactorKey, 1) : writer.Set(MidBlockScaleFactorKey, MidBlockScaleFactor);
        if (TimeEmbeddingDim is not null)
        {
            writer.Set(TimeEmbeddingDimKey, TimeEmbeddingDim);
        }

        if (MidBlockType != new UNet2DConfig().MidBlockType)
        {
            writer.Set(MidBlockTypeKey, MidBlockType);
        }

        _ = SampleSize switch
        {
            null => writer.Set("sample_size", (int?)null),
            { Height: var h, Width: var w } when h == w => writer.Set("sample_size", h),
            { } size => writer.Set("sample_size", [size.Height, size.Width]),
        };
        return writer.AddMissing(Extras).AddVersion();
    }
}
