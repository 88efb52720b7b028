namespace ConsistencyModels.Networks;

/// <summary>
/// Writes a configuration's network down as operations, in the order of execution and with diffusers' rules: which blocks there
/// are, how wide they are, and which skip connection each residual block on the way up reads.
/// </summary>
internal sealed class UNet2DOperations
{
    private readonly UNet2DConfig _config;
    private readonly TimeConditioning _conditioning;
    private readonly List<NetworkOperation> _operations = [];
    private int _values;
    private (NetworkSection Section, int Block) _place = (NetworkSection.Input, 0);
    private NetworkValue? _time;

    public UNet2DOperations(UNet2DConfig config, int augmentLabels)
    {
        _config = config;
        _conditioning = UNet2DWords.ResnetTimeScaleShift.ValueOf(config.ResnetTimeScaleShift);
        Sample = Image(config.InChannels, 0);
        Timesteps = Vector(1);
        ClassLabels = config.NumClassEmbeds is null ? null : Vector(1);
        AugmentLabels = augmentLabels == 0 ? null : Vector(augmentLabels);
        Embeddings();
        var skips = new Stack<NetworkValue>();
        var x = Down(InputConvolution(), skips);
        x = Up(Middle(x), skips);
        _place = (NetworkSection.Output, 0);
        Output(x);
    }

    public NetworkValue Sample { get; }

    public NetworkValue Timesteps { get; }

    public NetworkValue? ClassLabels { get; }

    public NetworkValue? AugmentLabels { get; }

    public IReadOnlyList<NetworkOperation> Operations => _operations;

    /// <summary>How many values there are.</summary>
    public int Values => _values;

    private int First => _config.BlockOutChannels[0];

    private void Embeddings()
    {
        var features = UNet2DWords.TimeEmbeddingType.ValueOf(_config.TimeEmbeddingType);
        var fourier = features == TimeFeatures.Fourier;
        var width = _config.TimeEmbeddingWidth;
        _time = Add(new TimeEmbeddingOperation
        {
            Name = "time_embedding",
            Inputs = [Timesteps],
            Output = Vector(width),
            Features = features,
            Frequencies = fourier ? [] : TimeFrequencies.Sinusoids(First, _config.FreqShift),
            CosinesFirst = !fourier && _config.FlipSinToCos,
            Fourier = fourier ? new("time_proj", First) : null,
            First = new("time_embedding.linear_1", fourier ? 2 * First : First, width),
            Second = new("time_embedding.linear_2", width, width),
        });
        if (ClassLabels is not null)
        {
            _time = Add(new ClassEmbeddingOperation
            {
                Name = "class_embedding",
                Inputs = [_time, ClassLabels],
                Output = Vector(width),
                Table = new("class_embedding", _config.NumClassEmbeds!.Value, width),
            });
        }

        if (AugmentLabels is not null)
        {
            _time = Add(new AugmentEmbeddingOperation
            {
                Name = "augment_embedding",
                Inputs = [_time, AugmentLabels],
                Output = Vector(width),
                Projection = new("augment_embedding", AugmentLabels.Channels, width),
            });
        }

        _time = Add(new TimeActivationOperation
        {
            Name = "time_embedding",
            Inputs = [_time],
            Output = Vector(width),
        });
    }

    private NetworkValue InputConvolution() => Add(new InputConvolutionOperation
    {
        Name = "conv_in",
        Inputs = [Sample],
        Output = Image(First, 0),
        CentersSample = _config.CenterInputSample,
        Convolution = new("conv_in", _config.InChannels, First),
    });

    private NetworkValue Down(NetworkValue x, Stack<NetworkValue> skips)
    {
        skips.Push(x);
        for (var block = 0; block < _config.BlockOutChannels.Count; block++)
        {
            _place = (NetworkSection.Down, block);
            var kind = UNet2DWords.DownBlockType.ValueOf(_config.DownBlockTypes[block]);
            for (var layer = 0; layer < _config.LayersPerBlock; layer++)
            {
                x = Layer($"down_blocks.{block}", layer, x, _config.BlockOutChannels[block], kind);
                skips.Push(x);
            }

            if (block < _config.BlockOutChannels.Count - 1)
            {
                x = Resample($"down_blocks.{block}.downsamplers.0", x, Resampling.Down, ResamplerOf(kind, _config.DownsampleType));
                skips.Push(x);
            }
        }

        return x;
    }

    private NetworkValue Middle(NetworkValue x)
    {
        if (_config.MidBlockType is null)
        {
            return x;
        }

        _place = (NetworkSection.Middle, 0);
        x = Resnet("mid_block.resnets.0", x, x.Channels, Resampling.None, _config.MidBlockScaleFactor);
        if (_config.AddAttention)
        {
            int? groups = _config.AttnNormNumGroups ?? (_conditioning == TimeConditioning.Shift ? _config.NormNumGroups : null);
            x = Attention("mid_block.attentions.0", x, groups, _config.MidBlockScaleFactor);
        }

        return Resnet("mid_block.resnets.1", x, x.Channels, Resampling.None, _config.MidBlockScaleFactor);
    }

    private NetworkValue Up(NetworkValue x, Stack<NetworkValue> skips)
    {
        var blocks = _config.BlockOutChannels.Count;
        for (var block = 0; block < blocks; block++)
        {
            _place = (NetworkSection.Up, block);
            var kind = UNet2DWords.UpBlockType.ValueOf(_config.UpBlockTypes[block]);
            for (var layer = 0; layer <= _config.LayersPerBlock; layer++)
            {
                x = Concat($"up_blocks.{block}.resnets.{layer}", x, skips.Pop());
                x = Layer($"up_blocks.{block}", layer, x, _config.BlockOutChannels[blocks - 1 - block], kind);
            }

            if (block < blocks - 1)
            {
                x = Resample($"up_blocks.{block}.upsamplers.0", x, Resampling.Up, ResamplerOf(kind, _config.UpsampleType));
            }
        }

        return x;
    }

    private void Output(NetworkValue x) => Add(new OutputOperation
    {
        Name = "conv_out",
        Inputs = [x, Timesteps],
        Output = Image(_config.OutChannels, 0),
        Norm = Norm("conv_norm_out", x.Channels, _config.NormNumGroups),
        Convolution = new("conv_out", x.Channels, _config.OutChannels) { EndsResidual = true },
        DividesByTimestep = UNet2DWords.TimeEmbeddingType.ValueOf(_config.TimeEmbeddingType) == TimeFeatures.Fourier,
    });

    // Only the attention blocks read downsample_type and upsample_type; the others carry their kind in their name.
    private static ResamplerKind ResamplerOf(BlockKind block, string word) => block switch
    {
        BlockKind.Resnet => ResamplerKind.Resnet,
        BlockKind.Attention => UNet2DWords.ResampleType.ValueOf(word),
        _ => ResamplerKind.Convolution,
    };

    private NetworkValue Layer(string block, int layer, NetworkValue x, int channels, BlockKind kind)
    {
        x = Resnet($"{block}.resnets.{layer}", x, channels, Resampling.None, 1);
        return kind == BlockKind.Attention ? Attention($"{block}.attentions.{layer}", x, _config.NormNumGroups, 1) : x;
    }

    private NetworkValue Resample(string name, NetworkValue x, Resampling resampling, ResamplerKind kind) => kind == ResamplerKind.Resnet
        ? Resnet(name, x, x.Channels, resampling, 1)
        : Add(new ResampleOperation
        {
            Name = name,
            Inputs = [x],
            Output = Resized(x, x.Channels, resampling),
            Resampling = resampling,
            Convolution = resampling == Resampling.Up
                ? new($"{name}.conv", x.Channels, x.Channels)
                : new($"{name}.conv", x.Channels, x.Channels, Stride: 2, Padding: _config.DownsamplePadding == 0 ? ConvolutionPadding.FarEdges : ConvolutionPadding.Around),
        });

    private NetworkValue Resnet(string name, NetworkValue x, int channels, Resampling resampling, double scale) => Add(new ResnetOperation
    {
        Name = name,
        Inputs = [x, _time!],
        Output = Resized(x, channels, resampling),
        Resampling = resampling,
        Conditioning = _conditioning,
        Dropout = _config.Dropout,
        OutputScale = scale,
        Norm1 = Norm($"{name}.norm1", x.Channels, _config.NormNumGroups),
        Conv1 = new($"{name}.conv1", x.Channels, channels),
        Time = new($"{name}.time_emb_proj", _config.TimeEmbeddingWidth, _conditioning == TimeConditioning.ScaleAndShift ? 2 * channels : channels),
        Norm2 = Norm($"{name}.norm2", channels, _config.NormNumGroups),
        Conv2 = new($"{name}.conv2", channels, channels) { EndsResidual = true },
        Shortcut = x.Channels == channels ? null : new($"{name}.conv_shortcut", x.Channels, channels, KernelSize: 1, Padding: ConvolutionPadding.None),
    });

    private NetworkValue Attention(string name, NetworkValue x, int? groups, double scale)
    {
        var headDim = _config.HeadDimFor(x.Channels);
        var heads = x.Channels / headDim;

        // Before 0.18 diffusers called these layers query, key, value and proj_attn.
        LinearLayer Projection(string part, string old) => new($"{name}.{part}", x.Channels, heads * headDim) { OldName = $"{name}.{old}" };
        return Add(new AttentionOperation
        {
            Name = name,
            Inputs = [x],
            Output = Resized(x, x.Channels, Resampling.None),
            Heads = heads,
            HeadDim = headDim,
            OutputScale = scale,
            Norm = groups is { } count ? Norm($"{name}.group_norm", x.Channels, count) : null,
            Query = Projection("to_q", "query"),
            Key = Projection("to_k", "key"),
            Value = Projection("to_v", "value"),
            Out = new($"{name}.to_out.0", heads * headDim, x.Channels) { EndsResidual = true, OldName = $"{name}.proj_attn" },
        });
    }

    private NetworkValue Concat(string name, NetworkValue x, NetworkValue skip) => Add(new ConcatOperation
    {
        Name = name,
        Inputs = [x, skip],
        Output = Resized(x, x.Channels + skip.Channels, Resampling.None),
    });

    private NormLayer Norm(string name, int channels, int groups) => new(name, channels, groups, _config.NormEps);

    private NetworkValue Add(NetworkOperation operation)
    {
        (operation.Section, operation.Block) = _place;
        _operations.Add(operation);
        return operation.Output;
    }

    private NetworkValue Resized(NetworkValue x, int channels, Resampling resampling) =>
        Image(channels, x.Halvings + (resampling == Resampling.Down ? 1 : resampling == Resampling.Up ? -1 : 0));

    private NetworkValue Image(int channels, int halvings) => new(_values++, NetworkValueKind.Image, channels, halvings);

    private NetworkValue Vector(int length) => new(_values++, NetworkValueKind.Vector, length, 0);
}
