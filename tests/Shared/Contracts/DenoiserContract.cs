using System.Collections.Concurrent;
using ConsistencyModels.Denoising;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Testing;

/// <summary>What every denoiser keeps, whatever it puts around a network: run once for each by a class that only says how to make one.</summary>
public abstract class DenoiserContract
{
    // More calls than the machine has cores.
    private static readonly int Crowd = (2 * Environment.ProcessorCount) + 1;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The size of the images it is tried with.</summary>
    protected abstract ImageSize Size { get; }

    /// <summary>Makes one around a network of size 8x8.</summary>
    protected abstract IDenoiser Make(IUNet network);

    [Theory]
    [InlineData(0, 3, 0, 0)]
    [InlineData(-1, 3, 0, 0)]
    [InlineData(1, 4, 0, 0)]
    [InlineData(1, 0, 0, 0)]
    [InlineData(1, -3, 0, 0)]
    [InlineData(1, 3, -1, 0)]
    [InlineData(1, 3, 0, -1)]
    [InlineData(1, 3, -2, -2)]
    [InlineData(int.MaxValue, 3, 0, 0)]
    [InlineData(1, int.MaxValue, int.MaxValue, 0)]
    [InlineData(int.MaxValue, int.MaxValue, int.MaxValue, int.MaxValue)]
    public void A_shape_that_it_does_not_take_is_refused(int batch, int channels, int height, int width)
    {
        // Height and width: 0 is the right one, below it a side of no pixels (-1) or fewer.
        var network = new ContractUNet();
        var shape = new ImageShape(batch, channels, Side(height, Size.Height), Side(width, Size.Width));
        var product = (double)shape.Batch * shape.Channels * shape.Height * shape.Width;
        var values = new float[product is > 0 and < 100_000 ? (int)product : 0];
        Refused(network, values, shape, [1f], new int[Math.Clamp(batch, 0, 9)], values);

        static int Side(int given, int right) => given switch { 0 => right, < 0 => given + 1, _ => given };
    }

    [Theory]
    [InlineData(-1, 0, 0, 0)]
    [InlineData(1, 0, 0, 0)]
    [InlineData(0, -1, 0, 0)]
    [InlineData(0, 1, 0, 0)]
    [InlineData(0, 0, -1, 0)]
    [InlineData(0, 0, 1, 0)]
    [InlineData(0, 0, -3, 0)]
    [InlineData(0, 0, 0, 1)]
    [InlineData(0, 0, 0, -1)]
    [InlineData(0, 0, 0, -3)]
    public void Lengths_that_do_not_fit_the_shape_are_refused(int x, int denoised, int levels, int labels)
    {
        var shape = new ImageShape(3, ContractUNet.Channels, Size.Height, Size.Width);
        var error = Refused(new(), new float[shape.Length + x], shape, Levels(3 + levels), new int[3 + labels], new float[shape.Length + denoised]);

        // In the words of a denoiser, and not in those of the network within.
        Assert.Equal(levels != 0, error.Message.Contains($"There are {3 + levels} noise levels for a batch of 3", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(ContractUNet.Classes)]
    [InlineData(int.MaxValue)]
    public void A_label_outside_the_classes_is_refused_and_named(int label)
    {
        var call = new Call(3, Size);
        call.Labels[2] = label;
        Assert.Contains($"{label}", Assert.ThrowsAny<ArgumentException>(() => call.Run(Make(new ContractUNet()), Token)).Message);
    }

    [Fact]
    public void Labels_for_a_network_without_classes_are_refused()
    {
        var network = new ContractUNet(classes: null);
        var call = new Call(2, Size);
        Assert.ThrowsAny<ArgumentException>(() => call.Run(Make(network), Token));
        Assert.Equal(0, network.Calls);
        call.Labels = [];
        call.Run(Make(network), Token);
    }

    [Theory]
    [InlineData(-1f, 0.0)]
    [InlineData(-1e-30f, 0.0)]
    [InlineData(float.NaN, 0.0)]
    [InlineData(float.PositiveInfinity, 0.0)]
    [InlineData(float.NegativeInfinity, 0.0)]
    [InlineData(1f, double.NaN)]
    [InlineData(1f, double.NegativeInfinity)]
    [InlineData(1f, 1e300)]
    public void A_level_that_is_none_is_refused_before_anything_is_computed(float sigma, double conditioning)
    {
        var call = new Call(3, Size);
        foreach (var levels in new NoiseLevel[][] { [new(sigma, conditioning)], [1f, 2f, new(sigma, conditioning)] })
        {
            Refused(new(), call.X, call.Shape, levels, call.Labels, new float[call.X.Length]);
        }
    }

    [Fact]
    public void No_noise_at_all_is_a_level()
    {
        var call = new Call(2, Size) { Levels = [0f] };
        Assert.All(call.Run(Make(new ContractUNet()), Token), value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void One_level_for_all_is_that_level_for_each()
    {
        var denoiser = Make(new ContractUNet());
        var call = new Call(3, Size) { Levels = [0.7f, 0.7f, 0.7f] };
        var each = call.Run(denoiser, Token);
        call.Levels = [0.7f];
        Assert.Equal(each, call.Run(denoiser, Token));
    }

    [Fact]
    public void The_network_is_told_the_conditioning_and_not_what_sigma_would_give()
    {
        var denoiser = Make(new ContractUNet());
        var call = new Call(2, Size) { Levels = [0.7f] };
        var plain = call.Run(denoiser, Token);
        call.Levels = [new(0.7f, 900)];
        Assert.NotEqual(plain, call.Run(denoiser, Token));
    }

    [Fact]
    public void A_label_matters_to_its_own_image_only()
    {
        var denoiser = Make(new ContractUNet());
        var call = new Call(3, Size);
        var before = call.Run(denoiser, Token);
        call.Labels[1] = ContractUNet.Classes - 1 - call.Labels[1];
        var after = call.Run(denoiser, Token);
        Assert.Equal(call.Image(before, 0), call.Image(after, 0));
        Assert.NotEqual(call.Image(before, 1), call.Image(after, 1));
        Assert.Equal(call.Image(before, 2), call.Image(after, 2));
    }

    [Fact]
    public void The_result_may_be_the_inputs_memory_and_the_input_is_left_alone_otherwise()
    {
        var denoiser = Make(new ContractUNet());
        var call = new Call(3, Size);
        var input = (float[])call.X.Clone();
        var apart = call.Run(denoiser, Token);
        Assert.Equal(input, call.X);
        denoiser.Denoise(call.X, call.Shape, call.Levels, call.Labels, call.X, Token);
        Assert.Equal(apart, call.X);
    }

    [Fact]
    public void An_image_does_not_depend_on_its_batch_and_has_its_own_level_and_label()
    {
        var denoiser = Make(new ContractUNet());
        foreach (var batch in new[] { 2, 5, 19 })
        {
            var call = new Call(batch, Size);
            var together = call.Run(denoiser, Token);
            for (var i = 0; i < batch; i++)
            {
                Assert.Equal(call.Alone(denoiser, i, Token), call.Image(together, i));
            }
        }
    }

    [Fact]
    public void More_calls_at_once_than_cores_give_what_each_gives_alone()
    {
        var denoiser = Make(new ContractUNet());
        var calls = Enumerable.Range(0, Crowd).Select(i => new Call(1 + (i % 3), Size, seed: (ulong)i)).ToArray();
        var alone = Array.ConvertAll(calls, call => call.Run(denoiser, Token));
        var failures = new ConcurrentBag<Exception>();
        using var start = new Barrier(Crowd);

        // Threads of their own: the pool would start them one after another.
        var threads = calls.Select((call, i) => new Thread(() =>
        {
            start.SignalAndWait();
            for (var round = 0; round < 5; round++)
            {
                if (Record.Exception(() => Assert.Equal(alone[i], call.Run(denoiser, Token))) is { } failure)
                {
                    failures.Add(failure);
                }
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Empty(failures);
    }

    [Fact]
    public void A_cancelled_call_reaches_no_network_and_one_cancelled_on_the_way_goes_no_further()
    {
        var network = new ContractUNet();
        var denoiser = Make(network);
        var call = new Call(3, Size);
        Assert.ThrowsAny<OperationCanceledException>(() => call.Run(denoiser, new CancellationToken(canceled: true)));
        Assert.Equal(0, network.Calls);

        using var soon = new CancellationTokenSource();
        network.During = soon.Cancel;
        var outcome = Record.Exception(() => call.Run(denoiser, soon.Token));
        Assert.True(outcome is null or OperationCanceledException, $"{outcome}");
        Assert.Equal(1, network.Calls);

        network.During = null;
        Assert.Equal(call.Run(Make(new ContractUNet()), Token), call.Run(denoiser, Token));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_network_that_breaks_is_reported_with_its_images_and_their_level(float broken)
    {
        var denoiser = Make(new ContractUNet { Breaks = 6, Broken = broken });
        var call = new Call(5, Size) { Labels = [0, 1, 6, 6, 2] };
        var error = Assert.Throws<NonFiniteOutputException>(() => call.Run(denoiser, Token));

        // Of several images all that broke in one network call, and none that is whole.
        Assert.Equal(2, error.Images[0]);
        Assert.All(error.Images, image => Assert.InRange(image, 2, 3));
        Assert.Equal(error.Images.Distinct().Order(), error.Images);
        Assert.Contains(FormattableString.Invariant($"sigma {call.Levels[2].Sigma}"), error.Message);
        Assert.Contains("2", error.Message[error.Message.IndexOf(" image", StringComparison.Ordinal)..]);

        call.Labels = [0, 1, 5, 4, 2];
        call.Run(denoiser, Token);
    }

    private static NoiseLevel[] Levels(int count) => [.. Enumerable.Range(0, count).Select(i => new NoiseLevel(80f / (1 + (7 * i * i))))];

    /// <summary>An argument error with a message, and no network call.</summary>
    private ArgumentException Refused(ContractUNet network, float[] x, ImageShape shape, NoiseLevel[] levels, int[] labels, float[] denoised)
    {
        var error = Assert.ThrowsAny<ArgumentException>(() => Make(network).Denoise(x, shape, levels, labels, denoised, Token));
        Assert.NotEmpty(error.Message);
        Assert.Equal(0, network.Calls);
        return error;
    }

    /// <summary>The arguments of one call: every image with a level and a label of its own.</summary>
    private sealed class Call
    {
        public Call(int batch, ImageSize size, ulong seed = 0)
        {
            Shape = new(batch, ContractUNet.Channels, size.Height, size.Width);
            X = new float[Shape.Length];
            new TorchGenerator(seed).Randn(X);
            Levels = DenoiserContract.Levels(batch);
            Labels = [.. Enumerable.Range(0, batch).Select(i => (i + (int)seed) % ContractUNet.Classes)];
        }

        public ImageShape Shape { get; }

        public float[] X { get; }

        public NoiseLevel[] Levels { get; set; }

        public int[] Labels { get; set; }

        public float[] Run(IDenoiser denoiser, CancellationToken token)
        {
            var denoised = new float[Shape.Length];
            denoiser.Denoise(X, Shape, Levels, Labels, denoised, token);
            return denoised;
        }

        public float[] Alone(IDenoiser denoiser, int image, CancellationToken token)
        {
            var denoised = new float[Shape.ImageLength];
            denoiser.Denoise(Image(X, image), Shape.WithBatch(1), [Levels[image]], [Labels[image]], denoised, token);
            return denoised;
        }

        public float[] Image(float[] batch, int image) => batch[(image * Shape.ImageLength)..((image + 1) * Shape.ImageLength)];
    }
}
