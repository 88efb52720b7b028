using ConsistencyModels.Training.Records;

namespace ConsistencyModels.Training.Tests.Records;

public class MetricsLogTests
{
    [Fact]
    public void What_a_run_that_went_back_comes_to_again_is_left_out()
    {
        using var folder = new TempFolder();
        var path = folder.File(MetricsLog.Name);
        MetricsLog.Add(path, [new("FD-x", 3.5), new("KID-x", 0.25)], 100);
        MetricsLog.Add(path, [new("FD-x", 2)], 200);
        MetricsLog.Add(path, [new("FD-x", 1)], 300);
        File.AppendAllText(path, "{\"images\": 400, \"FD-");
        MetricsLog.Add(path, [new("FD-x", 1.5), new("KID-x", double.NaN)], 200);
        Assert.Equal(["{\"images\":100,\"FD-x\":3.5,\"KID-x\":0.25}", "{\"images\":200,\"FD-x\":1.5}"], File.ReadAllLines(path));
    }

    [Fact]
    public void Its_first_number_is_a_curve()
    {
        using var folder = new TempFolder();
        var path = folder.File(MetricsLog.Name);
        Assert.Null(MetricsLog.Read(path));
        MetricsLog.Add(path, [new("FD-x", 3.5), new("KID-x", 0.25)], 100);
        MetricsLog.Add(path, [new("KID-x", 2)], 150);
        MetricsLog.Add(path, [new("FD-x", 2)], 200);
        File.AppendAllText(path, "{\"images\": 400, \"FD-\n[]\n{\"images\":500}\n");
        var curve = MetricsLog.Read(path)!;
        Assert.Equal("FD-x", curve.Name);
        Assert.Equal([(100, 3.5), (200, 2)], curve.Points);
    }
}
