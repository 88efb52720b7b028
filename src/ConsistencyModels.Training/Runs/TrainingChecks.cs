using System.Globalization;
using ConsistencyModels.Data;
using ConsistencyModels.Models;
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
        ArgumentOutOfRangeException.ThrowIfNegative(options.Augment);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Augment, 1);
        ArgumentOutOfRangeException.ThrowIfZero(options.Averages.Count, nameof(options.Averages));
        if (options.Augment > 0)
        {
            CheckAugmentation(options, data);
        }

        var needsTeacher = options.Objective.Needs.Contains(NetworkRole.Teacher) && !options.Objective.StudentBecomesTeacher;
        if (needsTeacher && options.Teacher is null)
        {
            throw new ConsistencyModelsException($"{options.Objective.Name}: found no teacher, expected a diffusion model of {data.Channels} channels to distil");
        }

        if (options.Teacher is { } teacher)
        {
            CheckTeacher(teacher, options, data);
        }

        if (options.InitialModel is { } start && start.Scheduler.SigmaData != options.Objective.Preconditioning.SigmaData)
        {
            throw OtherDeviation(start, options.Objective);
        }

        if (options.Batch % options.Processes.Count != 0)
        {
            throw new ConsistencyModelsException($"batch: found {options.Batch}, expected a multiple of the {options.Processes.Count} processes");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(options.KeepCheckpoints, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.LogEverySteps, 1);
    }

    // A teacher learnt of augmentation or not, it is asked without labels: what it says of an augmented picture is that it is none.
    private static void CheckAugmentation(TrainingOptions options, IImageDataSet data)
    {
        if (options.Objective.Needs.Contains(NetworkRole.Teacher))
        {
            throw new ConsistencyModelsException(string.Create(
                CultureInfo.InvariantCulture,
                $"augment: found {options.Augment}, expected 0 for {options.Objective.Name}, which has a teacher: of augmented pictures it would teach that there are none"));
        }

        if (data.Height < 2 || data.Width < 2)
        {
            throw new ConsistencyModelsException(string.Create(
                CultureInfo.InvariantCulture, $"augment: found {options.Augment}, expected 0 for images of {data.Height}x{data.Width}: there is nothing to turn"));
        }
    }

    private static void CheckTeacher(Model teacher, TrainingOptions options, IImageDataSet data)
    {
        var config = teacher.Config;
        if (config.InChannels != data.Channels || config.OutChannels != data.Channels)
        {
            throw new ConsistencyModelsException($"{teacher.Path}: in_channels is {config.InChannels} and out_channels {config.OutChannels}, the images have {data.Channels}");
        }

        if (data.Height % config.SpatialFactor != 0 || data.Width % config.SpatialFactor != 0)
        {
            throw new ConsistencyModelsException($"{teacher.Path}: the teacher takes multiples of {config.SpatialFactor} pixels, the images are {data.Height}x{data.Width}");
        }

        if (config.NumClassEmbeds is { } classes)
        {
            if (options.Network.NumClassEmbeds is null || classes < data.ClassNames.Count)
            {
                throw new ConsistencyModelsException(
                    $"{teacher.Path}: the teacher has {classes} classes, the network {options.Network.NumClassEmbeds ?? 0} and the data {data.ClassNames.Count}");
            }

            for (var label = 0; label < data.ClassNames.Count; label++)
            {
                if (teacher.ClassNames?[label] is { } name && name != data.ClassNames[label])
                {
                    throw new ConsistencyModelsException($"{teacher.Path}: class {label} is \"{name}\", of the data it is \"{data.ClassNames[label]}\": it would teach another class");
                }
            }
        }

        if (options.Objective.StudentBecomesTeacher && teacher.Scheduler.SigmaData != options.Objective.Preconditioning.SigmaData)
        {
            throw OtherDeviation(teacher, options.Objective);
        }
    }

    private static ConsistencyModelsException OtherDeviation(Model model, Objective objective) => new(string.Create(
        CultureInfo.InvariantCulture,
        $"{model.Path}: sigma_data is {model.Scheduler.SigmaData}, {objective.Name} has {objective.Preconditioning.SigmaData}: its network would see other scales; set sigma_data={model.Scheduler.SigmaData}"));
}
