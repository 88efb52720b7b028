namespace ConsistencyModels.Testing;

/// <summary>A folder of its own for a test, removed with everything in it.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("cm-tests-").FullName;

    /// <summary>Every file below it, hidden ones too.</summary>
    public string[] Files => Directory.GetFiles(Path, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 });

    public string this[params string[] names] => System.IO.Path.Combine([Path, .. names]);

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
