namespace ConsistencyModels.Imaging;

/// <summary>
/// The weights of one resampling pass in PIL's fixed point (Pillow's Resample.c, precompute_coeffs and
/// normalize_coeffs_8bpc): for each output sample a first input sample and a run of integer weights of sum about 2^22.
/// </summary>
internal sealed class ResampleKernel
{
    /// <summary>32 bits less 8 for the sample and 2 for the overshoot of the kernels.</summary>
    public const int PrecisionBits = 32 - 8 - 2;

    private readonly int[] _weights;
    private readonly int _stride;

    public ResampleKernel(int inSize, int outSize, ResampleFilter filter)
    {
        double scale = (double)inSize / outSize;
        double filterScale = Math.Max(scale, 1.0);
        double support = Support(filter) * filterScale;
        _stride = ((int)Math.Ceiling(support) * 2) + 1;
        _weights = new int[checked(outSize * _stride)];
        First = new int[outSize];
        Length = new int[outSize];
        double[] run = new double[_stride];
        for (int i = 0; i < outSize; i++)
        {
            double center = (i + 0.5) * scale;
            int first = Math.Max((int)(center - support + 0.5), 0);
            int length = Math.Min((int)(center + support + 0.5), inSize) - first;
            double sum = 0;
            for (int k = 0; k < length; k++)
            {
                run[k] = Evaluate(filter, (k + first - center + 0.5) / filterScale);
                sum += run[k];
            }

            for (int k = 0; k < length; k++)
            {
                double weight = (sum != 0 ? run[k] / sum : run[k]) * (1 << PrecisionBits);
                _weights[(i * _stride) + k] = (int)(weight < 0 ? weight - 0.5 : weight + 0.5);
            }

            First[i] = first;
            Length[i] = length;
        }
    }

    /// <summary>For each output sample, the first input sample it sees.</summary>
    public int[] First { get; }

    /// <summary>For each output sample, how many input samples it sees.</summary>
    public int[] Length { get; }

    /// <summary>The weights of one output sample.</summary>
    public ReadOnlySpan<int> Weights(int output) => _weights.AsSpan(output * _stride, Length[output]);

    private static double Support(ResampleFilter filter) => filter switch
    {
        ResampleFilter.Box => 0.5,
        ResampleFilter.Bilinear => 1.0,
        ResampleFilter.Bicubic => 2.0,
        ResampleFilter.Lanczos => 3.0,
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "No such filter."),
    };

    private static double Evaluate(ResampleFilter filter, double x)
    {
        const double A = -0.5;
        double magnitude = Math.Abs(x);
        return filter switch
        {
            // Half open, so that a sample on the border between two outputs counts once.
            ResampleFilter.Box => x is > -0.5 and <= 0.5 ? 1 : 0,
            ResampleFilter.Bilinear => Math.Max(1 - magnitude, 0),
            ResampleFilter.Bicubic when magnitude < 1 => ((((A + 2) * magnitude) - (A + 3)) * magnitude * magnitude) + 1,
            ResampleFilter.Bicubic when magnitude < 2 => ((((magnitude - 5) * magnitude) + 8) * magnitude - 4) * A,
            ResampleFilter.Lanczos when x is >= -3 and < 3 => Sinc(x) * Sinc(x / 3),
            _ => 0,
        };
    }

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(x * Math.PI) / (x * Math.PI);
}
