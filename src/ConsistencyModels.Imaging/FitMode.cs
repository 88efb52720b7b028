namespace ConsistencyModels.Imaging;

/// <summary>How a picture of any size meets a model of one size. None of them stretches it.</summary>
public enum FitMode
{
    /// <summary>The largest part from the middle that has the model's proportions, scaled to its size.</summary>
    Crop,

    /// <summary>All of the picture, scaled to fit; what is left over repeats the picture's rim.</summary>
    Pad,

    /// <summary>The picture at its own size, cut into tiles of the model's size; the rim is repeated where the last ones reach out. Tiles know nothing of each other.</summary>
    Tile,
}
