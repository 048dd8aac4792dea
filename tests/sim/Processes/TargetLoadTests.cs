using Hyperscale.Det.Sim.Processes;

namespace Hyperscale.Det.Tests.Sim.Processes;

public sealed class TargetLoadTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(70, 1)]
    [InlineData(80, 34)]
    [InlineData(85, 75)]
    [InlineData(100, 300)]
    [InlineData(130, 300)]
    public void What_is_loaded_is_slower_from_a_knee_on(int used, int times) =>
        Assert.Equal(times, TargetLoad.TimesAt(used, cores: 100, saturatedTimes: 300));

    [Fact]
    public void It_answers_alike_where_nothing_is_said_of_load() =>
        Assert.Equal(1, TargetLoad.TimesAt(100, cores: 100, saturatedTimes: 1));
}
