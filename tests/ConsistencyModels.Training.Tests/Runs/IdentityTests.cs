using ConsistencyModels.Models;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Objectives.Catalogue;
using ConsistencyModels.Training.Objectives.Levels;
using ConsistencyModels.Training.Runs;

namespace ConsistencyModels.Training.Tests.Runs;

/// <summary>What a checkpoint says of its objective is the same in every culture, and what older ones say is understood.</summary>
public class IdentityTests
{
    [Fact]
    public void The_text_is_invariant_and_names_every_setting() => Assert.Equal(
        "edm(p_mean=-1.2, p_std=1.2, sigma_data=0.5, stratified=false, weight=karras)", ObjectiveText.Of(ObjectiveCatalogue.Make("edm")));

    [Theory]
    [InlineData("EdmObjective { PMean = -1.2, PStd = 1.2, SigmaData = 0.5, Name = edm, MakesConsistencyModel = False }", true)]
    [InlineData("EdmObjective { PMean = -1,2, PStd = 1,2, SigmaData = 0,5, Name = edm, MakesConsistencyModel = False }", true)]
    [InlineData("EdmObjective { PMean = -1,1, PStd = 1,2, SigmaData = 0,5, Name = edm, MakesConsistencyModel = False }", false)]
    [InlineData("EdmObjective { PMean = -1.2, PStd = 1.2, SigmaData = 0.25, Name = edm, MakesConsistencyModel = False }", false)]
    [InlineData("EctObjective { PMean = -1.2, PStd = 1.2, SigmaData = 0.5, Name = ect, MakesConsistencyModel = True }", false)]
    [InlineData("edm(PMean=-1.2, PStd=1.2, SigmaData=0.5)", true)]
    [InlineData("edm(PMean=-1.2, PStd=1.3, SigmaData=0.5)", false)]
    [InlineData("edm(p_mean=-1.2, p_std=1.2, sigma_data=0.5, weight=snr)", false)]
    [InlineData("", false)]
    public void What_a_record_said_in_any_culture_is_compared_by_value(string found, bool same) =>
        Assert.Equal(same, ObjectiveText.SaySame(found, ObjectiveText.Of(ObjectiveCatalogue.Make("edm"))));

    [Theory]
    [InlineData("Q = 2, K = 8, B = 1, StageImages = 50000, Adjustment = Sigmoid", true)]
    [InlineData("Q = 2, K = 8, B = 1, StageImages = 50000, Adjustment = Constant", false)]
    [InlineData("Q = 2, K = 8,5, B = 1, StageImages = 50000, Adjustment = Sigmoid", false)]
    [InlineData("Q = 2, K = 8, B = 1, StageImages = 50001, Adjustment = Sigmoid", false)]
    public void A_schedule_within_it_counts_and_a_setting_of_later_has_its_default(string schedule, bool same)
    {
        var objective = TinyRun.Make("ect", "stage_images=50000");
        var found = $"EctObjective {{ Schedule = EctSchedule {{ {schedule} }}, PMean = -1.1, PStd = 2, C = 0, Name = ect, MakesConsistencyModel = True }}";
        Assert.Equal(same, ObjectiveText.SaySame(found, ObjectiveText.Of(objective)));
        Assert.False(ObjectiveText.SaySame(found, ObjectiveText.Of(TinyRun.Make("ect", "stage_images=50000", "sigma_data=0.6"))));
    }

    [Fact]
    public void The_deviation_of_the_data_is_trained_under_drawn_under_and_saved()
    {
        using var run = new TinyRun();
        foreach (var objective in new Objective[] { TinyRun.Make("edm", "sigma_data=0.25"), TinyRun.Make("ect", "sigma_data=0.25") })
        {
            // From the same weights and draws, another deviation is another loss: both see it.
            using var trainer = new Trainer(run.Options(objective, objective.Name), new TwoHalves(), TinyRun.Engines);
            using var usual = new Trainer(
                run.Options(ObjectiveCatalogue.Make(objective.Name), objective.Name + "-usual"), new TwoHalves(), TinyRun.Engines);
            Assert.NotEqual(usual.Step().Loss, trainer.Step().Loss);
            trainer.SaveModel();
            using var model = ModelReader.Open(trainer.Folder.Model);
            Assert.Equal(0.25, model.Scheduler.SigmaData);
            Assert.Equal(0.25, model.Preconditioning.SigmaData);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0.5)]
    [InlineData(double.NaN)]
    public void A_gap_that_never_shrinks_is_refused(double q) => Assert.Throws<ArgumentOutOfRangeException>(() => new EctSchedule(q));
}
