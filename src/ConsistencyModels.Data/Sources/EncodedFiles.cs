namespace ConsistencyModels.Data.Sources;

/// <summary>The pictures of a folder or an archive.</summary>
internal sealed class EncodedFiles : IPictureSource
{
    private readonly IImageSource _files;
    private readonly int[] _members;

    public EncodedFiles(IImageSource files, ImageDataSetOptions options)
    {
        _files = files;
        try
        {
            (_members, Labels, ClassNames, EmptyClasses) = ClassAssignment.Of(files, options);
        }
        catch
        {
            files.Dispose();
            throw;
        }

        ReadOne = index => files.Read(_members[index]);
    }

    public string Name => _files.Name;

    public int Count => _members.Length;

    public int[] Labels { get; }

    public IReadOnlyList<string> ClassNames { get; }

    public EmptyClasses EmptyClasses { get; }

    public PictureShape? Shape => null;

    public long EncodedBytes => 0; // they stay where they are

    public Func<int, byte[]> ReadOne { get; }

    public IReadOnlyList<string> Notes => _files.Notes;

    public string NameOf(int index) => _files.Paths[_members[index]];

    public IEnumerable<PendingPicture> ReadAll()
    {
        for (int i = 0; i < _members.Length; i++)
        {
            int index = i;
            yield return new(index, () => ReadOne(index), null);
        }
    }

    // Which files take part is a part of it: a picture is known by its number among them.
    public IEnumerable<string> Identity() => [.. _files.Identity(), .. _members.Select(member => _files.Paths[member])];

    public void Dispose() => _files.Dispose();
}
