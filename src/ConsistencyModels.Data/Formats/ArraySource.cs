using ConsistencyModels.Data.Sources;

namespace ConsistencyModels.Data.Formats;

/// <summary>What the formats share that hold pixels of one shape and labels as numbers.</summary>
internal abstract class ArraySource(string name, IReadOnlyList<string> files, PictureShape shape, ClassLabels classes) : IPictureSource
{
    public string Name => name;

    public int Count => classes.Labels.Length;

    public int[] Labels => classes.Labels;

    public IReadOnlyList<string> ClassNames => classes.Names;

    public EmptyClasses EmptyClasses => EmptyClasses.Keep;

    public PictureShape? Shape => shape;

    public long EncodedBytes => 0;

    public Func<int, byte[]>? ReadOne => null;

    public string NameOf(int index) => $"image {index}";

    public string Describe(int index) => $"{Name}: {NameOf(index)}";

    public IEnumerable<string> Identity() => [GetType().Name, .. files.Select(ZipFiles.IdentityOf)];

    public abstract IEnumerable<PendingPicture> ReadAll();

    public virtual void Dispose()
    {
    }
}

/// <summary>Labels from a file and what they are called.</summary>
internal readonly record struct ClassLabels(int[] Labels, IReadOnlyList<string> Names)
{
    /// <summary>Labels with names; without names they are called by their numbers.</summary>
    /// <exception cref="ConsistencyModelsException">A label has no name, or is beyond any number of classes.</exception>
    public static ClassLabels Of(int[] labels, IReadOnlyList<string>? names, ImageDataSetOptions options, string file)
    {
        if (options.Classes is not null)
        {
            throw new ConsistencyModelsException($"{file}: has labels of its own; a map of folders is for folders and archives of pictures.");
        }

        if (options.ClassesFrom == ClassRule.None)
        {
            return Single(labels.Length);
        }

        if (names is null)
        {
            return new(labels, DatasetJson.NumberNames(labels, file));
        }

        int wrong = Array.FindIndex(labels, label => label < 0 || label >= names.Count);
        return wrong < 0 ? new(labels, names) : throw new ConsistencyModelsException($"{file}: the label of image {wrong} is {labels[wrong]}; expected 0 to {names.Count - 1}.");
    }

    /// <summary>One class for all.</summary>
    public static ClassLabels Single(int count) => new(new int[count], ["."]);
}
