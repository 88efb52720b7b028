namespace ConsistencyModels.Cli;

/// <summary>Progress told on the thread that makes it: <see cref="Progress{T}"/> would tell it later, on another.</summary>
/// <param name="tell">What to do with it.</param>
internal sealed class Told<T>(Action<T> tell) : IProgress<T>
{
    /// <inheritdoc/>
    public void Report(T value) => tell(value);
}
