namespace ConsistencyModels.Cli.Tests.Commands;

/// <summary>Whose fault it is: the code and the line say so.</summary>
public class FailureTests
{
    [Fact]
    public void A_mistake_of_the_program_is_not_dressed_up_as_bad_input()
    {
        foreach (var bug in new Exception[]
        {
            new ArgumentException("wrong length", "sample"), new ArgumentNullException("model"), new ArgumentOutOfRangeException("index"),
            new NotSupportedException("no such thing"), new InvalidOperationException("twice"), new NullReferenceException(), new OverflowException(),
            new FormatException("not a number"), new EndOfStreamException("beyond the end"), new KeyNotFoundException("key"), new InvalidDataException("bad"), new UriFormatException("bad"),
            new ObjectDisposedException("pipeline"), new IndexOutOfRangeException(), new AggregateException(new ArgumentException("inside")),
        })
        {
            var failure = Failure.Of(bug);
            Assert.Equal(1, failure.Code);
            Assert.Contains((bug is AggregateException ? bug.InnerException! : bug).GetType().Name, failure.Line);
            Assert.Contains("mistake in cm", failure.Line);
        }
    }

    [Fact]
    public void A_mistake_while_a_class_is_made_is_one_too()
    {
        var failure = Failure.Of(new TypeInitializationException("T", new ArgumentException("wrong")));
        Assert.Equal(1, failure.Code);
        Assert.Contains("please report", failure.Line);
    }

    [Fact]
    public void What_is_wrong_outside_is_bad_input()
    {
        foreach (var outside in new Exception[]
        {
            new ConsistencyModelsException("config.json: key: found a, expected b"), new FileNotFoundException("gone"), new UnauthorizedAccessException("denied"),
            new DllNotFoundException("libtorch"), new TypeInitializationException("T", new DllNotFoundException("libtorch")), new AggregateException(new ConsistencyModelsException("inside")),
        })
        {
            Assert.Equal(2, Failure.Of(outside).Code);
        }
    }

    [Fact]
    public void What_the_library_says_of_an_option_names_no_parameter() => Assert.Equal(
        "Steps must be at least 1. Found 0.", Failure.OfOption(new ArgumentOutOfRangeException("steps", 0, "Steps must be at least 1.")).Replace("\nActual value was 0.", "", StringComparison.Ordinal));
}
