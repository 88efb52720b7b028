using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using ConsistencyModels.Files;

namespace ConsistencyModels.Tests.Files;

/// <summary>What three systems say of a file. Answers of the two that are not there are made as their headers lay them out.</summary>
public sealed class FileFactsTests : IDisposable
{
    private const long Second = 1_000_000_000;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Two_names_of_a_file_have_one_number_and_another_file_has_another()
    {
        var path = _folder.File("a");
        File.WriteAllText(path, "three");
        Assert.True(HardLink.TryCreate(path, _folder.File("b")));
        File.WriteAllText(_folder.File("c"), "");
        var facts = Ask("a");
        Assert.Equal(facts.Number, Ask("b").Number);
        Assert.NotEqual(facts.Number, Ask("c").Number);
        Assert.Equal((5, true, false), (facts.Length, facts.IsRegular, facts.IsSpecial));
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        Assert.All((long[])[facts.Written, facts.Changed], time => Assert.InRange(time / Second, now - 60, now + 2));
    }

    [Fact]
    public async Task Linux_and_macOS_are_read_as_stat_prints_them()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The words of stat are GNU's.");
        var path = _folder.File("a");
        File.WriteAllText(path, "three");
        using var stat = Process.Start(new ProcessStartInfo("stat", ["-c", "%i %s %Y %Z %u %g %f", path]) { RedirectStandardOutput = true })!;
        var words = (await stat.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Trim().Split(' ');
        var numbers = words[..6].Select(word => long.Parse(word, CultureInfo.InvariantCulture)).ToArray();
        var facts = FileFacts.Of(path, follow: true)!.Value;
        Assert.Equal<long[]>(numbers, [(long)facts.Number.Value, facts.Length, facts.Written / Second, facts.Changed / Second, facts.User, facts.Group]);
        Assert.Equal(Convert.ToInt32(words[6], 16), facts.Mode);
        Assert.Null(FileFacts.Of(_folder.File("not there"), follow: true));
    }

    [Fact]
    public void What_macOS_answers_is_understood()
    {
        var answer = new byte[MacFiles.Size];
        BinaryPrimitives.WriteInt32LittleEndian(answer, 16777234); // st_dev
        BinaryPrimitives.WriteUInt16LittleEndian(answer.AsSpan(4), 0x81a4); // st_mode
        BinaryPrimitives.WriteUInt16LittleEndian(answer.AsSpan(6), 2); // st_nlink
        BinaryPrimitives.WriteUInt64LittleEndian(answer.AsSpan(8), 0x1_2345_6789); // st_ino
        BinaryPrimitives.WriteUInt32LittleEndian(answer.AsSpan(16), 501); // st_uid
        BinaryPrimitives.WriteUInt32LittleEndian(answer.AsSpan(20), 20); // st_gid
        foreach (var (at, time) in new[] { (32, 1), (48, 2), (64, 3), (80, 4) }) // access, modification, change, birth
        {
            BinaryPrimitives.WriteInt64LittleEndian(answer.AsSpan(at), time);
            BinaryPrimitives.WriteInt64LittleEndian(answer.AsSpan(at + 8), time * 10);
        }

        BinaryPrimitives.WriteInt64LittleEndian(answer.AsSpan(96), 5_000_000_000); // st_size
        var facts = MacFiles.Parse(answer);
        Assert.Equal(
            new FileFacts(new(16777234, 0x1_2345_6789), 5_000_000_000, (4 * Second) + 40, (2 * Second) + 20, (3 * Second) + 30, 501, 20, 0x81a4), facts);
        Assert.True(facts.IsRegular);
    }

    [Fact]
    public void What_Windows_answers_is_understood()
    {
        byte[] basic = new byte[WindowsFiles.BasicSize], standard = new byte[WindowsFiles.StandardSize], id = new byte[WindowsFiles.IdSize];
        var of1970 = DateTimeOffset.UnixEpoch.ToFileTime();
        foreach (var (at, time) in new[] { (0, 1), (8, 2), (16, 3), (24, 4) }) // birth, access, writing, change
        {
            BinaryPrimitives.WriteInt64LittleEndian(basic.AsSpan(at), of1970 + time);
        }

        BinaryPrimitives.WriteInt64LittleEndian(standard, 8192);
        BinaryPrimitives.WriteInt64LittleEndian(standard.AsSpan(8), 5000);
        BinaryPrimitives.WriteUInt64LittleEndian(id, 77);
        BinaryPrimitives.WriteUInt128LittleEndian(id.AsSpan(8), (UInt128)1 << 100);
        var facts = WindowsFiles.Parse(basic, standard, id);
        Assert.Equal(new FileFacts(new(77, (UInt128)1 << 100), 5000, 100, 300, 400, 0, 0, FileFacts.Regular), facts);
        standard[21] = 1;
        Assert.Equal(FileFacts.Folder, WindowsFiles.Parse(basic, standard, id).Mode);
    }

    [Fact]
    public void An_identity_is_of_every_fact_but_owner_and_permissions()
    {
        var facts = new FileFacts(new(1, 2), 3, 4, 5, 6 * Second, 7, 8, FileFacts.Regular);
        var identity = FileIdentity.Of(facts);
        FileFacts[] others =
        [
            facts with { Number = new(9, 2) }, facts with { Number = new(1, 9) }, facts with { Number = new(1, ((UInt128)9 << 64) + 2) },
            facts with { Length = 9 }, facts with { Birth = 9 }, facts with { Written = 9 }, facts with { Changed = 9 },
        ];
        Assert.Equal(others.Length + 1, others.Select(FileIdentity.Of).Append(identity).Select(one => one.Digest).Distinct().Count());
        Assert.Equal(identity, FileIdentity.Of(facts with { User = 9, Group = 9, Mode = 9 }));
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(7), identity.Changed);
    }

    private FileFacts Ask(string name)
    {
        using var file = File.OpenHandle(_folder.File(name));
        return FileFacts.Of(file) ?? throw new InvalidOperationException("The system tells nothing.");
    }
}
