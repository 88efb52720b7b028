using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Tests.Schedulers;

public class CMStochasticIterativeSchedulerConfigTests
{
    // What diffusers 0.23 writes for its defaults.
    private const string Written = """
        {
          "_class_name": "CMStochasticIterativeScheduler",
          "_diffusers_version": "0.23.0",
          "clip_denoised": true,
          "num_train_timesteps": 40,
          "rho": 7.0,
          "s_noise": 1.0,
          "sigma_data": 0.5,
          "sigma_max": 80.0,
          "sigma_min": 0.002
        }

        """;

    [Fact]
    public void A_file_of_diffusers_comes_back_byte_for_byte()
    {
        using var folder = new TempFolder();
        var path = folder.File("scheduler_config.json");
        var expected = Written.ReplaceLineEndings("\n");
        File.WriteAllText(path, expected);

        CMStochasticIterativeSchedulerConfig.Load(path).Save(path);
        Assert.Equal(expected, File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void An_empty_object_means_the_defaults()
    {
        var config = CMStochasticIterativeSchedulerConfig.FromJson("{}");
        Assert.Equal((40, 0.002, 80.0), (config.NumTrainTimesteps, config.SigmaMin, config.SigmaMax));
        Assert.Equal((0.5, 1.0, 7.0, true), (config.SigmaData, config.SNoise, config.Rho, config.ClipDenoised));
    }

    [Fact]
    public void Values_and_unknown_keys_survive()
    {
        const string Json = """{"num_train_timesteps": 201, "sigma_max": 81, "clip_denoised": false, "later": {"a": [1, null, "ü"]}, "rho": 6.5}""";
        var again = CMStochasticIterativeSchedulerConfig.FromJson(CMStochasticIterativeSchedulerConfig.FromJson(Json).ToJson());
        Assert.Equal((201, 81.0, 6.5, false), (again.NumTrainTimesteps, again.SigmaMax, again.Rho, again.ClipDenoised));
        Assert.Equal("ü", again.Extras["later"].GetProperty("a")[2].GetString());
    }

    [Fact]
    public void Its_own_timesteps_come_back_and_make_configurations_equal()
    {
        var config = new CMStochasticIterativeSchedulerConfig { OwnTimesteps = TimestepTable.None.With([30, 14, 0]).With([20, 0]).With([22, 0]) };
        config = CMStochasticIterativeSchedulerConfig.FromJson(config.ToJson());
        var again = CMStochasticIterativeSchedulerConfig.FromJson(config.ToJson());
        Assert.Equal(config, again);
        Assert.Equal(config.GetHashCode(), again.GetHashCode());
        Assert.NotEqual(config, config with { OwnTimesteps = TimestepTable.None });
        Assert.Equal([2, 3], again.OwnTimesteps.Steps);
        Assert.Equal([22, 0], again.OwnTimesteps.For(2)!);
        Assert.Null(again.OwnTimesteps.For(4));
        Assert.Equal("[22, 0], [30, 14, 0]", again.OwnTimesteps.ToString());
        Assert.Throws<ArgumentException>(() => TimestepTable.None.With([0, 22]));
    }

    [Theory]
    [InlineData("""{"num_train_timesteps": 1}""", "x.json: num_train_timesteps: found 1, expected an integer from 2 to 1000000.")]
    [InlineData("""{"_timesteps": [22, 0]}""", "x.json: _timesteps: found [22, 0], expected lists of descending indices, one for a number of steps, such as [[22, 0]].")]
    [InlineData("""{"_timesteps": [[0, 22]]}""", "x.json: _timesteps: found [[0, 22]], expected lists of descending indices, one for a number of steps, such as [[22, 0]].")]
    [InlineData("""{"_timesteps": [[22, 0], [30, 0]]}""", "x.json: _timesteps: found [[22, 0], [30, 0]], expected lists of descending indices, one for a number of steps, such as [[22, 0]].")]
    [InlineData("""{"_timesteps": [[5]]}""", "x.json: _timesteps: found [[5]], expected lists of descending indices, one for a number of steps, such as [[22, 0]].")]
    [InlineData("""{"_timesteps": [[2.5, -1]]}""", "x.json: _timesteps: found [[2.5, -1]], expected lists of descending indices, one for a number of steps, such as [[22, 0]].")]
    [InlineData("""{"_timesteps": [[40, 0]]}""", "x.json: _timesteps: found [[40, 0]], expected indices below num_train_timesteps, 40.")]
    [InlineData("""{"num_train_timesteps": 40.5}""", "x.json: num_train_timesteps: found 40.5, expected an integer.")]
    [InlineData("""{"sigma_min": -1}""", "x.json: sigma_min: found -1, expected a number of at least 1e-12.")]
    [InlineData("""{"sigma_max": 0.001}""", "x.json: sigma_max: found 0.001, expected a number above sigma_min, at most 1e12.")]
    [InlineData("""{"num_train_timesteps": 1000001}""", "x.json: num_train_timesteps: found 1000001, expected an integer from 2 to 1000000.")]
    [InlineData("""{"sigma_max": 1e308}""", "x.json: sigma_max: found 1e308, expected a number above sigma_min, at most 1e12.")]
    [InlineData("""{"sigma_min": 1e-46}""", "x.json: sigma_min: found 1e-46, expected a number of at least 1e-12.")]
    [InlineData("""{"sigma_data": 1e30}""", "x.json: sigma_data: found 1e30, expected a number from 1e-12 to 1e12.")]
    [InlineData("""{"s_noise": 1e200}""", "x.json: s_noise: found 1e200, expected a number from 0 to 1e12.")]
    [InlineData("""{"rho": 0.002}""", "x.json: rho: found 0.002, expected a number above 0 with which a schedule from sigma_max to sigma_min can be computed.")]
    [InlineData("""{"rho": 1e300}""", "x.json: rho: found 1e300, expected a number above 0 with which a schedule from sigma_max to sigma_min can be computed.")]
    [InlineData("""{"rho": "7"}""", "x.json: rho: found \"7\", expected a number.")]
    [InlineData("""{"rho": null}""", "x.json: rho: found null, expected a number.")]
    [InlineData("""{"clip_denoised": 1}""", "x.json: clip_denoised: found 1, expected true or false.")]
    [InlineData("""{"_class_name": "DDPMScheduler"}""", "x.json: _class_name: found \"DDPMScheduler\", expected \"CMStochasticIterativeScheduler\".")]
    public void What_is_wrong_is_said(string json, string message) =>
        Assert.Equal(message, Assert.Throws<ConsistencyModelsException>(() => CMStochasticIterativeSchedulerConfig.FromJson(json, "x.json")).Message);
}
