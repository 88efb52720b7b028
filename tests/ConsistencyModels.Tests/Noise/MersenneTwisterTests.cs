using ConsistencyModels.Noise;

namespace ConsistencyModels.Tests.Noise;

public class MersenneTwisterTests
{
    // The C++ standard (rand.predef) gives this value for std::mt19937 and its default seed.
    private const uint DefaultSeed = 5489;
    private const uint TenThousandth = 4123659995;

    [Fact]
    public void The_ten_thousandth_number_is_that_of_the_standard()
    {
        var engine = new MersenneTwister(DefaultSeed);
        uint last = 0;
        for (var i = 0; i < 10_000; i++)
        {
            last = engine.Draw();
        }

        Assert.Equal(TenThousandth, last);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(623)]
    [InlineData(624)]
    [InlineData(625)]
    [InlineData(2000)]
    public void Filling_in_pieces_is_drawing_one_by_one(int piece)
    {
        var single = new MersenneTwister(3);
        var filled = new MersenneTwister(3);
        var numbers = new uint[piece];
        for (var round = 0; round < 4; round++)
        {
            filled.Fill(numbers);
            Assert.All(numbers, number => Assert.Equal(single.Draw(), number));
        }

        Assert.Equal((single.Left, single.Next), (filled.Left, filled.Next));
    }
}
