using ConsistencyModels.Noise;

namespace ConsistencyModels.Data.Augmentation;

/// <summary>
/// Draws the numbers of one batch, each kind for all images before the next, as the original does: first the size of an augmentation,
/// then whether it takes place.
/// </summary>
internal sealed class AugmentationSampler(AugmentationOptions options, AugmentationDraw draw, TorchGenerator generator)
{
    private readonly int _count = draw.Count;
    private int _label;

    public void Fill()
    {
        Mirror(options.MirrorX, (ref ImageDraw image) => image.MirrorX = true);
        Mirror(options.MirrorY, (ref ImageDraw image) => image.MirrorY = true);
        QuarterTurns();
        WholeTranslation();
        Scale();
        Rotation();
        Stretch();
        Translation();
    }

    private delegate void Change(ref ImageDraw image);

    private void Mirror(double multiplier, Change change)
    {
        if (multiplier > 0)
        {
            long[] coins = Integers(2);
            bool[] chosen = Chosen(multiplier * options.Probability);
            for (int i = 0; i < _count; i++)
            {
                if (chosen[i] && coins[i] == 1)
                {
                    change(ref draw.Images[i]);
                    draw.LabelsOf(i)[_label] = 1;
                }
            }

            _label++;
        }
    }

    private void QuarterTurns()
    {
        if (options.QuarterTurns > 0)
        {
            long[] turns = Integers(4);
            bool[] chosen = Chosen(options.QuarterTurns * options.Probability);
            for (int i = 0; i < _count; i++)
            {
                int turn = chosen[i] ? (int)turns[i] : 0;
                draw.Images[i].QuarterTurns = turn;
                Label(i, turn is 1 or 2 ? 1 : 0, turn is 2 or 3 ? 1 : 0);
            }

            _label += 2;
        }
    }

    private void WholeTranslation()
    {
        if (options.WholeTranslation > 0)
        {
            float[] sizes = Uniform(2 * _count);
            bool[] chosen = Chosen(options.WholeTranslation * options.Probability);
            double maxX = draw.Width * options.WholeTranslationMax;
            double maxY = draw.Height * options.WholeTranslationMax;
            for (int i = 0; i < _count; i++)
            {
                int x = chosen[i] ? (int)MathF.Round(((sizes[i] * 2) - 1) * (float)maxX) : 0;
                int y = chosen[i] ? (int)MathF.Round(((sizes[_count + i] * 2) - 1) * (float)maxY) : 0;
                (draw.Images[i].MoveX, draw.Images[i].MoveY) = (x, y);
                Label(i, maxX > 0 ? x / maxX : 0, maxY > 0 ? y / maxY : 0);
            }

            _label += 2;
        }
    }

    private void Scale()
    {
        if (options.Scale > 0)
        {
            float[] sizes = Normal(_count);
            bool[] chosen = Chosen(options.Scale * options.Probability);
            for (int i = 0; i < _count; i++)
            {
                if (chosen[i])
                {
                    double inverse = Math.Pow(2, -sizes[i] * options.ScaleStd);
                    Append(i, Affine.Scale(inverse, inverse));
                    draw.LabelsOf(i)[_label] = sizes[i];
                }
            }

            _label++;
        }
    }

    private void Rotation()
    {
        if (options.Rotation > 0)
        {
            float[] angles = Uniform(_count);
            bool[] chosen = Chosen(options.Rotation * options.Probability);
            for (int i = 0; i < _count; i++)
            {
                if (chosen[i])
                {
                    double angle = ((angles[i] * 2) - 1) * Math.PI * options.RotationMax;
                    Append(i, Affine.Rotate(angle));
                    Label(i, Math.Cos(angle) - 1, Math.Sin(angle));
                }
            }

            _label += 2;
        }
    }

    private void Stretch()
    {
        if (options.Stretch > 0)
        {
            float[] sizes = Normal(_count);
            float[] axes = Uniform(_count);
            bool[] chosen = Chosen(options.Stretch * options.Probability);
            bool[] rotated = Chosen(options.StretchRotated);
            for (int i = 0; i < _count; i++)
            {
                if (chosen[i])
                {
                    double axis = rotated[i] ? ((axes[i] * 2) - 1) * Math.PI : 0;
                    double size = Math.Pow(2, sizes[i] * options.StretchStd);
                    Append(i, Affine.Rotate(-axis).After(Affine.Scale(1 / size, size)).After(Affine.Rotate(axis)));
                    Label(i, sizes[i] * Math.Cos(axis), sizes[i] * Math.Sin(axis));
                }
            }

            _label += 2;
        }
    }

    private void Translation()
    {
        if (options.Translation > 0)
        {
            float[] sizes = Normal(2 * _count);
            bool[] chosen = Chosen(options.Translation * options.Probability);
            for (int i = 0; i < _count; i++)
            {
                if (chosen[i])
                {
                    Append(i, Affine.Translate(
                        -sizes[i] * draw.Width * options.TranslationStd, -sizes[_count + i] * draw.Height * options.TranslationStd));
                    Label(i, sizes[i], sizes[_count + i]);
                }
            }

            _label += 2;
        }
    }

    // What comes later is done first on the way back from the result.
    private void Append(int image, Affine next) => draw.Images[image].Inverse = draw.Images[image].Inverse.After(next);

    private void Label(int image, double first, double second)
    {
        Span<float> labels = draw.LabelsOf(image);
        (labels[_label], labels[_label + 1]) = ((float)first, (float)second);
    }

    private long[] Integers(long below)
    {
        long[] values = new long[_count];
        generator.RandInt(0, below, values);
        return values;
    }

    private float[] Uniform(int count)
    {
        float[] values = new float[count];
        generator.Rand(values);
        return values;
    }

    private float[] Normal(int count)
    {
        float[] values = new float[count];
        generator.Randn(values);
        return values;
    }

    private bool[] Chosen(double probability) => [.. Uniform(_count).Select(value => value < (float)probability)];
}
