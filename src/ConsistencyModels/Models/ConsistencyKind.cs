namespace ConsistencyModels.Models;

/// <summary>How a consistency model was made. The tensors do not tell, and the scheduler's number of steps depends on it.</summary>
public enum ConsistencyKind
{
    /// <summary>Consistency distillation ("cd"): 40 steps.</summary>
    Distilled,

    /// <summary>Consistency training ("ct"): 201 steps, 151 at 256 pixels.</summary>
    Trained,
}
