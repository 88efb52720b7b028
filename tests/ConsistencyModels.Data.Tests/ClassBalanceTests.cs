namespace ConsistencyModels.Data.Tests;

public sealed class ClassBalanceTests : IDisposable
{
    // 16, 4 and 1 pictures.
    private readonly SampleFiles _files = new();

    public ClassBalanceTests()
    {
        foreach ((string name, int count) in ((string, int)[])[("a", 16), ("b", 4), ("c", 1)])
        {
            for (byte i = 0; i < count; i++)
            {
                _files.Files[$"{name}/{i:00}.png"] = SampleFiles.Solid(4, i, (byte)name[0], 3);
            }
        }
    }

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData(0, 16, 4, 1)]
    [InlineData(0.5, 16, 8, 4)]
    [InlineData(1, 16, 16, 16)]
    public void Rare_classes_are_repeated(double balance, int a, int b, int c)
    {
        using ImageDataSet data = SampleFiles.Open(_files.AsZip(), new() { Size = 4, Balance = balance });
        Assert.Equal([a, b, c], data.Labels.ToArray().CountBy(label => label).OrderBy(one => one.Key).Select(one => one.Value));
        Assert.Equal(a + b + c, data.Count);
        float[] values = new float[3 * 16];
        int[] label = new int[1];
        for (int i = 0; i < data.Count; i++)
        {
            string name = data.NameOf(i);
            data.Fill([i], values, label, []);
            Assert.Equal(name[0], data.ClassNames[label[0]][0]);
            Assert.Equal((byte)name[0], data.GetImage(i).Pixels[1]);
        }

        // Every picture of a class as often as the others of it.
        Assert.All(SampleFiles.Paths(data).CountBy(name => name), one => Assert.Equal(one.Key[0] == 'a' ? 1 : one.Key[0] == 'b' ? b / 4 : c, one.Value));
    }

    [Fact]
    public void A_run_with_another_balance_has_other_data()
    {
        string folder = _files.AsFolder();
        Assert.Equal(3, new[] { 0, 0.5, 1 }.Select(balance => SampleFiles.Fingerprint(folder, new() { Size = 4, Balance = balance })).Distinct().Count());
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void Other_numbers_are_refused(double balance) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => SampleFiles.Open("nowhere", new() { Size = 4, Balance = balance }));

    [Fact]
    public void More_than_may_be_is_refused()
    {
        ConsistencyModelsException e = Assert.Throws<ConsistencyModelsException>(() => SampleFiles.Open(_files.AsFolder(), new() { Size = 4, Balance = 1, MaxEntries = 40 }));
        Assert.EndsWith("balanced by 1, 21 pictures become 48, expected at most 40: a class of 16 is beside one of 1.", e.Message);
    }
}
