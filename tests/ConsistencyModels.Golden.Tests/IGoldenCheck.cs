namespace ConsistencyModels.Golden.Tests;

/// <summary>Compares this library with recorded results of one kind. One class and one file for each kind; stateless.</summary>
public interface IGoldenCheck
{
    /// <summary>The <c>kind</c> in the case's JSON.</summary>
    string Kind { get; }

    /// <summary>Fails by an assertion if the library's results differ.</summary>
    void Check(GoldenCase golden);
}
