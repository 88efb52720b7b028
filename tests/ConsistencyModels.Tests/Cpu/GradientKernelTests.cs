using ConsistencyModels.Cpu.Kernels;
using CsCheck;

namespace ConsistencyModels.Tests.Cpu;

/// <summary>The kernels of a way back: transposed transforms by their defining identity, products against double precision.</summary>
public sealed unsafe class GradientKernelTests
{
    [Fact]
    public void Transposed_transforms_are_those_of_both_sizes_with_vectors_of_any_width()
    {
        Transposed<WinogradF2<Floats128>>();
        Transposed<WinogradF2<Floats256>>();
        Transposed<WinogradF2<Floats512>>();
        Transposed<WinogradF4<Floats128>>();
        Transposed<WinogradF4<Floats256>>();
        Transposed<WinogradF4<Floats512>>();
    }

    [Fact]
    public void Products_of_panels_are_those_of_double_precision() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40], Gen.Int[1, 5], Gen.Int[0, 1000]).Sample(
            (rows, depthPanels, panels, seed) =>
            {
                var (k, stride) = (16 * depthPanels, 16 * PanelGemm.Rows(rows));
                var random = new System.Random(seed);
                var a = Reference.Normal(random, depthPanels * stride);
                var b = Reference.Normal(random, panels * k * 16);
                var c = new float[panels * stride];
                fixed (float* pa = a, pb = b, pc = c)
                {
                    PanelGemm.Multiply(pa, stride, pb, k * 16, pc, stride, rows, k, panels);
                }

                for (var row = 0; row < rows; row++)
                {
                    for (var column = 0; column < 16 * panels; column++)
                    {
                        Near(
                            c[(column / 16 * stride) + (row * 16) + (column % 16)],
                            Enumerable.Range(0, k).Select(i => (double)a[(i / 16 * stride) + (row * 16) + (i % 16)] * b[(column / 16 * k * 16) + (i * 16) + (column % 16)]));
                    }
                }
            },
            iter: Iterations.Of(30));

    [Fact]
    public void Products_of_a_transposed_matrix_are_those_of_double_precision_in_panels_and_in_rows() =>
        Gen.Select(Gen.Int[1, 600], Gen.Int[1, 5], Gen.Int[1, 5], Gen.Bool, Gen.Bool, Gen.Int[0, 1000]).Sample(
            (depth, blocks, panels, rowMajor, accumulate, seed) =>
            {
                var (m, n) = (16 * blocks, 16 * panels);
                var random = new System.Random(seed);
                var a = Reference.Normal(random, m * depth);
                var b = Reference.Normal(random, n * depth);
                var c = Reference.Normal(random, m * n);
                var before = (float[])c.Clone();
                int Place(int row, int column, int columns) => rowMajor ? (row * columns) + column : (column / 16 * depth * 16) + (row * 16) + (column % 16);
                fixed (float* pa = a, pb = b, pc = c)
                {
                    var left = rowMajor ? new PanelMatrix(pa, 16, m) : new PanelMatrix(pa, depth * 16, 16);
                    var right = rowMajor ? new PanelMatrix(pb, 16, n) : new PanelMatrix(pb, depth * 16, 16);
                    PanelGemm.Transposed(left, right, new(pc, m * 16, 256), m, depth, panels, accumulate);
                }

                for (var row = 0; row < m; row++)
                {
                    for (var column = 0; column < n; column++)
                    {
                        var place = (column / 16 * m * 16) + (row * 16) + (column % 16);
                        var terms = Enumerable.Range(0, depth).Select(i => (double)a[Place(i, row, m)] * b[Place(i, column, n)]);
                        Near(c[place], accumulate ? terms.Prepend(before[place]) : terms);
                    }
                }
            },
            iter: Iterations.Of(30));

    [Fact]
    public void Blocks_are_turned_and_added_back()
    {
        var random = new System.Random(1);
        var source = Reference.Normal(random, 256);
        var turned = new float[256];
        var columns = Enumerable.Range(0, 16).Select(i => Reference.Normal(random, 13)).ToArray();
        var before = columns.Select(column => (float[])column.Clone()).ToArray();
        var rows = Reference.Normal(random, 13 * 16);
        var flat = columns.SelectMany(column => column).ToArray();
        fixed (float* s = source, t = turned, r = rows, f = flat)
        {
            PanelRows.Turn(s, t);
            var pointers = stackalloc float*[16];
            for (var i = 0; i < 16; i++)
            {
                pointers[i] = i is 5 or 12 ? null : f + (13 * i);
            }

            PanelRows.AddTransposed(r, 13, pointers);
        }

        for (var i = 0; i < 256; i++)
        {
            Assert.Equal(source[i], turned[(i % 16 * 16) + (i / 16)]);
        }

        for (var i = 0; i < 16 * 13; i++)
        {
            var (column, row) = Math.DivRem(i, 13);
            Assert.Equal(before[column][row] + (column is 5 or 12 ? 0 : rows[(16 * row) + column]), flat[i]);
        }
    }

    [Fact]
    public void The_slope_of_SiLU_is_its_derivative_with_vectors_of_any_width()
    {
        Slope<Floats128>();
        Slope<Floats256>();
        Slope<Floats512>();
    }

    // ⟨L(x), y⟩ = ⟨x, Lᵀ(y)⟩ for each of the three transforms, with 32 channels at distances of their own.
    private static void Transposed<TTile>()
        where TTile : struct, IWinogradTile
    {
        const int Channels = 32;
        var (m, random) = (TTile.OutputSize, new System.Random(3));
        var edge = m + 2;
        var (planes, plane, panel) = (edge * edge, 48, 20);
        float[] x = Reference.Normal(random, planes * Channels), v = Reference.Normal(random, planes * plane), y = Reference.Normal(random, m * m * Channels);
        float[] filter = Reference.Normal(random, 9 * 16), made = new float[planes * plane], pixels = new float[x.Length];
        float[] outputs = new float[y.Length], gradient = new float[planes * plane], bias = new float[Channels], sums = new float[Channels];
        float[] weights = new float[planes * 16], taps = new float[9 * 16];
        var products = Reference.Normal(random, planes * Channels);
        fixed (float* px = x, pv = v, py = y, pf = filter, pm = made, pp = pixels, po = outputs, pg = gradient, pb = bias, ps = sums, pw = weights, pt = taps, pr = products)
        {
            var window = stackalloc float*[36];
            Pointers(window, px, planes, Channels);
            TTile.Input(window, 0, Channels, pm, plane, panel);
            Pointers(window, pp, planes, Channels);
            TTile.InputAdjoint(pv, plane, panel, Channels, window);

            TTile.Output(pr, Channels, new WinogradTarget { Output = po, RowStride = m * Channels, PixelStride = Channels, Rows = m, Columns = m, Channels = Channels, Bias = pb, Scale = 1 });
            Pointers(window, py, m * m, Channels);
            TTile.OutputAdjoint(window, 0, Channels, ps, pg, Channels, 16);

            TTile.Weight(pf, pw, 16);
            TTile.WeightAdjoint(pv, 16, pt);
        }

        // The panels of v lie apart, and what is between them is nobody's.
        double Panels(float[] a, float[] b) => Enumerable.Range(0, planes * Channels).Sum(i =>
        {
            var place = (i / Channels * plane) + (i % Channels / 16 * panel) + (i % 16);
            return (double)a[place] * b[place];
        });
        Same(Panels(made, v), Dot(x, pixels));
        Same(Dot(outputs, y), Dot(products, gradient[..(planes * Channels)]));
        Same(Dot(weights, v[..(planes * 16)]), Dot(filter, taps));
        for (var channel = 0; channel < Channels; channel++)
        {
            Same(Enumerable.Range(0, m * m).Sum(i => (double)y[(i * Channels) + channel]), sums[channel]);
        }
    }

    private static void Slope<T>()
        where T : unmanaged, IFloats<T>
    {
        for (var x = -30.0; x < 30; x += 0.037)
        {
            var sigmoid = 1 / (1 + Math.Exp(-(float)x));
            Assert.Equal(sigmoid * (1 + ((float)x * (1 - sigmoid))), T.Largest(VectorMath.SiLUSlope(T.Create((float)x))), 1e-6);
        }

        Assert.Equal(0, T.Largest(VectorMath.SiLUSlope(T.Create(-200))), 1e-6);
        Assert.Equal(1, T.Largest(VectorMath.SiLUSlope(T.Create(200))), 1e-6);
    }

    private static void Pointers(float** window, float* start, int count, int distance)
    {
        for (var i = 0; i < count; i++)
        {
            window[i] = start + (i * distance);
        }
    }

    private static double Dot(float[] a, float[] b) => a.Zip(b, (x, y) => (double)x * y).Sum();

    private static void Same(double a, double b) => Assert.Equal(a, b, 1e-4 * Math.Max(1, Math.Abs(a)));

    private static void Near(float actual, IEnumerable<double> terms)
    {
        var (sum, scale) = (0.0, 1e-30);
        foreach (var term in terms)
        {
            sum += term;
            scale += Math.Abs(term);
        }

        Assert.InRange(Math.Abs(actual - sum), 0, 2e-6 * scale);
    }
}
