namespace ConsistencyModels.Data.Tests;

/// <summary>A link's own length and time are not those of the data.</summary>
public sealed class LinkedFileTests : IDisposable
{
    private readonly SampleFiles _files = new();
    private readonly DirectoryInfo _links = Directory.CreateTempSubdirectory("cm-links-");

    public LinkedFileTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege on Windows.");

    public void Dispose()
    {
        _files.Dispose();
        _links.Delete(recursive: true);
    }

    private string Link(string target)
    {
        string link = Path.Combine(_links.FullName, Guid.NewGuid().ToString("N") + Path.GetExtension(target));
        File.CreateSymbolicLink(link, target);
        return link;
    }

    [Fact]
    public void An_archive_is_read_by_a_link_to_a_link()
    {
        // Stored pictures longer than a link's text: what an archive's directory says is compared with the archive's length.
        _files.Files["cat/a.png"] = SampleFiles.Solid(64, 1, 2, 3);
        _files.Files["cat/b.png"] = new byte[4096];
        new System.Random(1).NextBytes(_files.Files["cat/b.png"]);
        string zip = _files.AsZip();
        ImageDataSetOptions options = new() { Size = 8, SkipUnreadable = true };
        using ImageDataSet direct = SampleFiles.Open(zip, options);
        using ImageDataSet linked = SampleFiles.Open(Link(Link(zip)), options);
        Assert.Equal(direct.Fingerprint, linked.Fingerprint);
        Assert.DoesNotContain("cannot be", Assert.Single(linked.Skipped));
    }

    [Fact]
    public void What_was_decoded_before_is_not_taken_for_another_file_of_the_link()
    {
        string link = string.Empty;
        List<string> fingerprints = [];
        foreach (byte colour in (byte[])[1, 2])
        {
            _files.Files["cat/a.png"] = SampleFiles.Solid(8, colour, 2, 3);
            string zip = _files.AsZip();
            if (link.Length == 0)
            {
                link = Link(zip);
            }
            else
            {
                File.Move(zip, File.ResolveLinkTarget(link, returnFinalTarget: true)!.FullName, overwrite: true);
            }

            fingerprints.Add(SampleFiles.Fingerprint(link, new() { Size = 8, MemoryBudget = 0, CacheFolder = Path.Combine(_links.FullName, "cache") }));
        }

        Assert.Equal(2, fingerprints.Distinct().Count());
    }
}
