namespace ConsistencyModels.Models;

/// <summary>
/// How a model was trained (<c>training_mode</c> in openai's scripts). The tensors do not tell; what the network computes, and the
/// schedule's number of steps, depend on it.
/// </summary>
public enum TrainingMode
{
    /// <summary>Consistency distillation ("cd"): a consistency model with 40 steps.</summary>
    ConsistencyDistillation,

    /// <summary>Consistency training ("ct"): a consistency model with 201 steps, 151 at 256 pixels.</summary>
    ConsistencyTraining,

    /// <summary>EDM ("edm"): a diffusion model, the teacher of the others.</summary>
    Edm,
}
