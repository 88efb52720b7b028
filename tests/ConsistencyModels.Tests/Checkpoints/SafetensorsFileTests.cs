using System.Globalization;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;

namespace ConsistencyModels.Tests.Checkpoints;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public void Golden_files_open_and_rewrite_to_the_same_bytes()
    {
        var files = Directory.GetFiles(RepositoryFiles.Golden(), "*.safetensors", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        var identical = 0;
        foreach (var path in files)
        {
            using var file = SafetensorsFile.Open(path);
            Assert.NotEmpty(file.Tensors);
            var copy = _folder.File("copy.safetensors");
            SafetensorsWriter.Write(copy, file.Tensors.Keys.Select(name => TensorToWrite.FromSource(file, name)), file.Metadata);
            using var reread = SafetensorsFile.Open(copy);
            Assert.Equal(file.Tensors.Keys, reread.Tensors.Keys); // the order too
            Assert.All(file.Tensors.Keys, name => Assert.True(file.Bytes(name).SequenceEqual(reread.Bytes(name)), name));

            // The writer always says "format", so only files that do can be the same to the last byte.
            if (file.Metadata.Count == 1 && file.Metadata.ContainsKey("format"))
            {
                Assert.True(File.ReadAllBytes(path).AsSpan().SequenceEqual(File.ReadAllBytes(copy)), path);
                identical++;
            }
        }

        Assert.NotEqual(0, identical);
    }

    [Fact]
    public void After_dispose_everything_throws_and_disposing_again_does_not()
    {
        var file = SafetensorsFile.Open(Write(4));
        file.Dispose();
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Bytes("a").Length);
        Assert.Throws<ObjectDisposedException>(() => file.CopyTo("a", new float[4]));
        Assert.Throws<ObjectDisposedException>(() => file.Release("a"));
        Assert.Equal(4, file.Tensors["a"].ElementCount);
    }

    [Fact]
    public void Unknown_names_and_wrong_lengths_are_refused()
    {
        using var file = SafetensorsFile.Open(Write(4));
        Assert.Throws<KeyNotFoundException>(() => file.Bytes("no").Length);
        Assert.Throws<KeyNotFoundException>(() => file.CopyTo("no", []));
        Assert.Throws<KeyNotFoundException>(() => file.Release("no"));
        Assert.Throws<ArgumentException>(() => file.CopyTo("a", new float[3]));
        Assert.Throws<ArgumentException>(() => file.CopyTo("a", new float[5]));
    }

    [Fact]
    public async Task Disposing_while_others_copy_is_safe()
    {
        for (var round = 0; round < 20; round++)
        {
            var file = SafetensorsFile.Open(Write(100_000));
            var copied = 0;
            using var started = new ManualResetEventSlim();
            var reader = Task.Run(
                () =>
                {
                    var values = new float[100_000];
                    while (true)
                    {
                        file.CopyTo("a", values);
                        Assert.Equal(99_999, values[^1]);
                        copied++;
                        started.Set();
                    }
                },
                TestContext.Current.CancellationToken);
            started.Wait(TestContext.Current.CancellationToken);
            file.Dispose();
            await Assert.ThrowsAsync<ObjectDisposedException>(() => reader);
            Assert.NotEqual(0, copied);
        }
    }

    [Fact]
    public void A_file_may_be_replaced_while_it_is_open()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows keeps mapped files from being replaced.");
        var path = Write(8);
        using var old = SafetensorsFile.Open(path);
        SafetensorsWriter.Write(path, [TensorToWrite.FromFloats("b", [1], new float[] { 5 })]);
        var values = new float[8];
        old.CopyTo("a", values);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7], values);
        using var replaced = SafetensorsFile.Open(path);
        Assert.Equal(["b"], replaced.Tensors.Keys);
    }

    [Fact]
    public void A_tensor_over_2_GiB_opens_but_is_not_viewed_at_once()
    {
        // A sparse file: it takes no disk.
        const long Size = int.MaxValue + 1L;
        var header = $$$"""{"big":{"dtype":"U8","shape":[{{{Size}}}],"data_offsets":[0,{{{Size}}}]},"end":{"dtype":"U8","shape":[1],"data_offsets":[{{{Size}}},{{{Size + 1}}}]}}""";
        var path = _folder.File("big.safetensors");
        using (var stream = File.Create(path))
        {
            stream.Write(BitConverter.GetBytes((long)header.Length));
            stream.Write(System.Text.Encoding.UTF8.GetBytes(header));
            stream.SetLength(stream.Position + Size + 1);
            stream.Position = stream.Length - 1;
            stream.WriteByte(42);
        }

        using var file = SafetensorsFile.Open(path);
        var error = Assert.Throws<CheckpointException>(() => file.Bytes("big").Length);
        Assert.Contains("'big' has 2147483648 bytes, at most 2147483647", error.Message, StringComparison.Ordinal);
        Assert.Equal(42, file.Bytes("end")[0]);
    }

    [Fact]
    public void Release_drops_the_pages_of_one_tensor_and_leaves_the_others()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Resident memory is read from /proc.");
        const int Count = 1 << 20; // 4 MiB each
        var values = Enumerable.Range(0, Count).Select(i => (float)i).ToArray();
        var path = _folder.File("x.safetensors");
        SafetensorsWriter.Write(path, new[] { "a", "b", "c" }.Select(name => TensorToWrite.FromFloats(name, [Count], values)));
        using var file = SafetensorsFile.Open(path);
        var copy = new float[Count];
        foreach (var name in file.Tensors.Keys)
        {
            file.CopyTo(name, copy);
        }

        var before = ResidentKilobytes(path);
        Assert.SkipWhen(before is null, "This system does not report mappings.");
        Assert.InRange(before.Value, 12 * 1024, 13 * 1024);
        file.Release("b");

        // The header shifts the data off the pages, so "b" has 4 MiB less one page to itself; the two at its ends stay.
        var page = Environment.SystemPageSize / 1024;
        var kept = before.Value - (4 * 1024) + page;
        Assert.InRange(ResidentKilobytes(path)!.Value, kept, kept + (4 * page));
        file.CopyTo("b", copy);
        Assert.Equal(values, copy);
    }

    public void Dispose() => _folder.Dispose();

    private static long? ResidentKilobytes(string path)
    {
        var lines = File.ReadAllLines("/proc/self/smaps");
        var at = Array.FindIndex(lines, line => line.EndsWith(path, StringComparison.Ordinal));
        var rss = at < 0 ? null : lines.Skip(at).FirstOrDefault(line => line.StartsWith("Rss:", StringComparison.Ordinal));
        return rss is null ? null : long.Parse(rss[4..].Replace("kB", "", StringComparison.Ordinal), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
    }

    private string Write(int count)
    {
        var path = _folder.File("x.safetensors");
        SafetensorsWriter.Write(path, [TensorToWrite.FromFloats("a", [count], Enumerable.Range(0, count).Select(i => (float)i).ToArray())]);
        return path;
    }
}
