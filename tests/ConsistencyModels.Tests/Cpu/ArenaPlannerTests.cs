using ConsistencyModels.Cpu.Memory;
using CsCheck;

namespace ConsistencyModels.Tests.Cpu;

public sealed class ArenaPlannerTests
{
    [Fact]
    public void Slots_alive_together_never_overlap() =>
        Gen.Select(Gen.Int[1, 5000], Gen.Int[0, 30], Gen.Int[0, 10]).List[1, 60].Sample(list =>
        {
            var slots = list.Select(item =>
            {
                var slot = new ArenaSlot(item.Item1);
                slot.UsedBy(item.Item2);
                slot.UsedBy(item.Item2 + item.Item3);
                return slot;
            }).ToList();
            var size = ArenaPlanner.Place(slots);
            foreach (var a in slots)
            {
                Assert.Equal(0, a.Offset % 16);
                Assert.InRange(a.Offset + a.Floats, 0, size);
                foreach (var b in slots.Where(b => b != a && b.First <= a.Last && a.First <= b.Last))
                {
                    Assert.True(a.Offset + a.Floats <= b.Offset || b.Offset + b.Floats <= a.Offset);
                }
            }
        });
}
