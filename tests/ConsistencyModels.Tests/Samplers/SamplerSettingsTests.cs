using ConsistencyModels.Samplers;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Tests.Samplers;

/// <summary>Samplers made of a few words and a model's scheduler.</summary>
public sealed class SamplerSettingsTests
{
    private static readonly CMStochasticIterativeSchedulerConfig Scheduler = new() { SigmaMin = 0.01, SigmaMax = 40, Rho = 5 };

    [Theory]
    [InlineData(SamplerKind.OneStep, null, 1, 1)]
    [InlineData(SamplerKind.Multistep, null, 1, 1)]
    [InlineData(SamplerKind.Multistep, 4, 4, 4)]
    [InlineData(SamplerKind.Heun, null, 18, 35)]
    [InlineData(SamplerKind.Heun, 5, 5, 9)]
    [InlineData(SamplerKind.Euler, null, 36, 36)]
    [InlineData(SamplerKind.Ancestral, null, 36, 36)]
    [InlineData(SamplerKind.Dpm2, null, 18, 36)]
    [InlineData(SamplerKind.Edm, null, 18, 35)]
    public void Steps_are_the_samplers_own(SamplerKind kind, int? steps, int expected, int calls)
    {
        var sampler = new SamplerSettings { Kind = kind, Steps = steps }.Create(Scheduler);
        Assert.Equal((expected, calls), (sampler.Steps, sampler.NetworkEvaluations));
        Assert.Equal(40, sampler.InitialSigma, 1e-9);
        Assert.Equal(7, new SamplerSettings { Kind = kind, SigmaMax = 7 }.Create(Scheduler).InitialSigma, 1e-6);
    }

    [Fact]
    public void Levels_are_the_schedulers()
    {
        var heun = Assert.IsType<HeunSampler>(new SamplerSettings { Kind = SamplerKind.Heun, Steps = 3, Churn = 2 }.Create(Scheduler));
        Assert.Equal(NoiseLevels.Karras(3, 0.01, 40, 5).Sigmas, heun.Levels.Sigmas);
        Assert.Equal(2, heun.Churn.Amount);
        var edm = Assert.IsType<EdmSampler>(new SamplerSettings { Kind = SamplerKind.Edm, Churn = 3 }.Create(Scheduler));
        Assert.Equal((0.01, 40, 5, 3), (edm.SigmaMin!.Value, edm.SigmaMax!.Value, edm.Rho, edm.Churn.Amount));
        var multistep = Assert.IsType<MultistepSampler>(new SamplerSettings { Kind = SamplerKind.Multistep, Timesteps = [22, 0] }.Create(Scheduler));
        Assert.Equal(MultistepSchedule.FromTimesteps([22, 0], Scheduler).Levels, multistep.Schedule.Levels);
        Assert.Equal(MultistepSchedule.From(3, 2, Scheduler).Levels, Assert.IsType<MultistepSampler>(new SamplerSettings { Kind = SamplerKind.Multistep, Steps = 2, SigmaMax = 3 }.Create(Scheduler)).Schedule.Levels);
        Assert.IsType<Dpm2Sampler>(new SamplerSettings { Kind = SamplerKind.Dpm2 }.Create(Scheduler));
        Assert.IsType<EulerAncestralSampler>(new SamplerSettings { Kind = SamplerKind.Ancestral }.Create(Scheduler));
    }

    public static TheoryData<string, string> Bad => new()
    {
        { "kind", nameof(SamplerSettings.Kind) },
        { "no steps", nameof(SamplerSettings.Steps) },
        { "one step of three", nameof(SamplerSettings.Steps) },
        { "too many steps", "numInferenceSteps" },
        { "timesteps of heun", nameof(SamplerSettings.Timesteps) },
        { "timesteps and steps", nameof(SamplerSettings.Timesteps) },
        { "timesteps and sigma", nameof(SamplerSettings.Timesteps) },
        { "ascending", "timesteps" },
        { "sigma", nameof(SamplerSettings.SigmaMax) },
        { "infinite", nameof(SamplerSettings.SigmaMax) },
        { "churn of euler", nameof(SamplerSettings.Churn) },
        { "negative churn", "value" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void A_setting_that_does_not_fit_is_named(string what, string parameter)
    {
        var multistep = new SamplerSettings { Kind = SamplerKind.Multistep };
        var settings = what switch
        {
            "kind" => multistep with { Kind = (SamplerKind)99 },
            "no steps" => multistep with { Steps = 0 },
            "one step of three" => new() { Kind = SamplerKind.OneStep, Steps = 3 },
            "too many steps" => multistep with { Steps = 41 },
            "timesteps of heun" => new() { Kind = SamplerKind.Heun, Timesteps = [0] },
            "timesteps and steps" => multistep with { Timesteps = [0], Steps = 1 },
            "timesteps and sigma" => multistep with { Timesteps = [0], SigmaMax = 3 },
            "ascending" => multistep with { Timesteps = [0, 1] },
            "sigma" => multistep with { SigmaMax = 0.01 },
            "infinite" => multistep with { SigmaMax = double.PositiveInfinity },
            "churn of euler" => new() { Kind = SamplerKind.Euler, Churn = 1 },
            _ => new() { Kind = SamplerKind.Heun, Churn = -1 },
        };
        Assert.Equal(parameter, Assert.ThrowsAny<ArgumentException>(() => settings.Create(Scheduler)).ParamName);
    }
}
