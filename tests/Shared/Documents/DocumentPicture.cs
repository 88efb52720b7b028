using ConsistencyModels.Imaging;

namespace ConsistencyModels.Testing;

/// <summary>A picture that a document shows is still what is made today. <c>CM_REDRAW=1</c> puts what is made in its place.</summary>
internal static class DocumentPicture
{
    /// <summary>Compares.</summary>
    /// <param name="name">The picture's place in the repository.</param>
    /// <param name="made">The file that was made now.</param>
    /// <param name="tolerance">The mean difference that other processors and letters may bring, in levels of 255.</param>
    public static void Check(string name, string made, double tolerance)
    {
        var shown = RepositoryFiles.Path(name);
        if (Environment.GetEnvironmentVariable("CM_REDRAW") == "1")
        {
            File.Copy(made, shown, overwrite: true);
        }

        var (before, now) = (ImageDecoder.DecodeFile(shown), ImageDecoder.DecodeFile(made));
        Assert.Equal((before.Width, before.Height, before.Channels), (now.Width, now.Height, now.Channels));
        var difference = before.Pixels.Zip(now.Pixels).Average(pair => Math.Abs(pair.First - pair.Second));
        Assert.True(difference <= tolerance, $"{name} is {difference:F2} levels from what is made today; CM_REDRAW=1 draws it anew");
    }
}
