using System.Globalization;

namespace ConsistencyModels.Testing;

public class TestCultureTests
{
    [Fact]
    public async Task Numbers_are_written_as_the_run_is_told_to()
    {
        var expected = Environment.GetEnvironmentVariable("CM_TEST_CULTURE") is "de-DE" ? "1.234,5" : "1,234.5";
        Assert.Equal(expected, 1234.5.ToString("#,0.0", CultureInfo.CurrentCulture));
        Assert.Equal(expected, await Task.Run(() => 1234.5.ToString("#,0.0", CultureInfo.CurrentCulture), TestContext.Current.CancellationToken));
    }
}
