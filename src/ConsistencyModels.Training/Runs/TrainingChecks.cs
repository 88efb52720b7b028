using ConsistencyModels.Data;
using ConsistencyModels.Networks;
using ConsistencyModels.Training.Objectives;

namespace ConsistencyModels.Training.Runs;

/// <summary>Whether a run makes sense.</summary>
internal static class TrainingChecks
{
    public static void ThrowIfInvalid(TrainingOptions options, IImageDataSet data)
    {
        var network = options.Network;
        if (network.InChannels != data.Channels || network.OutChannels != data.Channels)
        {
            throw new ConsistencyModelsException(
                $"network: in_channels is {network.InChannels} and out_channels {network.OutChannels}, the images have {data.Channels}");
        }

        if (data.Height % network.SpatialFactor != 0 || data.Width % network.SpatialFactor != 0)
        {
            throw new ConsistencyModelsException($"data: images are {data.Height}x{data.Width}, the network takes multiples of {network.SpatialFactor}");
        }

        if (network.SampleSize is { } size && size != new ImageSize(data.Height, data.Width))
        {
            throw new ConsistencyModelsException($"network: sample_size is {size}, the images are {data.Height}x{data.Width}");
        }

        if (UNet2DDescription.Of(network).Operations.OfType<TimeEmbeddingOperation>().Any(operation => operation.Fourier is not null))
        {
            throw new ConsistencyModelsException(
                "network: time_embedding_type is \"fourier\", expected \"positional\": consistency models pass 250 ln(sigma), which has no logarithm below sigma 1");
        }

        if (network.NumClassEmbeds is { } classes && classes < data.ClassNames.Count)
        {
            throw new ConsistencyModelsException($"network: num_class_embeds is {classes}, the data have {data.ClassNames.Count} classes");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(options.Batch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Images, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(options.MicroBatch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.LearningRate);
        ArgumentOutOfRangeException.ThrowIfNegative(options.RampImages);
        ArgumentOutOfRangeException.ThrowIfNegative(options.DecayImages);
        ArgumentOutOfRangeException.ThrowIfNegative(options.ClipNorm);
        ArgumentOutOfRangeException.ThrowIfZero(options.Averages.Count, nameof(options.Averages));
        var needsTeacher = options.Objective.Needs.Contains(NetworkRole.Teacher) && !options.Objective.StudentBecomesTeacher;
        if (needsTeacher && options.Teacher is null)
        {
            throw new ConsistencyModelsException($"{options.Objective.Name}: found no teacher, expected a diffusion model of {data.Channels} channels to distil");
        }

        if (options.Teacher is { } teacher && (teacher.Config.InChannels != data.Channels || (teacher.Config.NumClassEmbeds is not null && network.NumClassEmbeds is null)))
        {
            throw new ConsistencyModelsException(
                $"{teacher.Path}: the teacher takes {teacher.Config.InChannels} channels and {teacher.Config.NumClassEmbeds ?? 0} classes, the network {network.InChannels} and {network.NumClassEmbeds ?? 0}");
        }

        if (options.Batch % options.Processes.Count != 0)
        {
            throw new ConsistencyModelsException($"batch: found {options.Batch}, expected a multiple of the {options.Processes.Count} processes");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(options.KeepCheckpoints, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.LogEverySteps, 1);
    }
}
