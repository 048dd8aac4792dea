using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;

namespace Hyperscale.Det.Tests.Core.Membership;

public sealed class GossipTests
{
    private static readonly int UpdateBytes = SwimFields.BytesMaxOf(News(10));

    [Theory]
    [InlineData(1, 3)]
    [InlineData(3, 5)]
    [InlineData(10, 8)]
    [InlineData(100, 14)]
    [InlineData(1000, 21)]
    public void News_is_told_three_times_the_logarithm_of_the_group(int members, int times)
    {
        var gossip = new Gossip();
        gossip.Add(News(10));
        var told = Enumerable.Range(0, 50).Count(_ => gossip.Take(1000, members, null).Count == 1);

        Assert.Equal(times, told);
        Assert.Equal(0, gossip.Count);
    }

    [Fact]
    public void As_many_news_go_as_their_bytes_allow()
    {
        var gossip = Of(10, 11, 12, 13);
        Assert.Equal(3, gossip.Take((UpdateBytes * 4) - 1, 3, null).Count);
        Assert.Empty(gossip.Take(UpdateBytes - 1, 3, null));
        Assert.Equal(4, gossip.Take(UpdateBytes * 4, 3, null).Count);
    }

    [Fact]
    public void The_least_told_goes_first()
    {
        var gossip = Of(10, 11, 12);
        Assert.Equal([10, 11], Names(gossip.Take(UpdateBytes * 2, 3, null)));
        Assert.Equal([12, 10], Names(gossip.Take(UpdateBytes * 2, 3, null)));
        gossip.Add(News(13));
        Assert.Equal([13, 11], Names(gossip.Take(UpdateBytes * 2, 3, null)));
    }

    [Fact]
    public void What_must_be_heard_goes_before_all_and_not_twice()
    {
        var gossip = Of(10, 11, 12);
        Assert.Equal([12, 10], Names(gossip.Take(UpdateBytes * 2, 3, News(12))));
        Assert.Equal([12], Names(gossip.Take(UpdateBytes, 3, News(12))));
        Assert.Equal([20, 11], Names(gossip.Take(UpdateBytes * 2, 3, News(20))));
    }

    [Fact]
    public void Newer_news_of_a_member_replace_older_ones_and_begin_again()
    {
        var gossip = Of(10);
        for (var i = 0; i < 3; i++) gossip.Take(1000, 2, null);
        gossip.Add(News(10) with { State = MemberState.Dead });

        Assert.Equal(1, gossip.Count);
        for (var i = 0; i < 4; i++)
            Assert.Equal(MemberState.Dead, Assert.Single(gossip.Take(1000, 2, null)).State);
        Assert.Empty(gossip.Take(1000, 2, null));
    }

    [Fact]
    public void Every_news_is_told_as_often_as_every_other() =>
        Gen.Select(Gen.Int[1, 60], Gen.Int[1, 10], Gen.Int[1, 500]).Sample(
            (news, perMessage, members) =>
            {
                var gossip = Of([.. Enumerable.Range(10, news)]);
                var told = new SortedDictionary<NodeId, int>();
                while (gossip.Count > 0)
                {
                    foreach (var update in gossip.Take(perMessage * UpdateBytes, members, null))
                        told[update.Node] = told.GetValueOrDefault(update.Node) + 1;
                }

                Assert.Equal(news, told.Count);
                Assert.All(told.Values, times => Assert.Equal(Gossip.TellingsFor(members), times));
            });

    [Fact]
    public void Logarithms_are_exact_to_a_thousandth()
    {
        for (var n = 1; n < 20_000; n++)
            Assert.InRange(NaturalLog.Thousandths(n), (1000 * Math.Log(n)) - 1.001, 1000 * Math.Log(n));
        Assert.InRange(NaturalLog.Thousandths(int.MaxValue), 21487, 21488);
        Assert.Equal(0, NaturalLog.Thousandths(0));
    }

    private static Gossip Of(params int[] names)
    {
        var gossip = new Gossip();
        foreach (var name in names) gossip.Add(News(name));
        return gossip;
    }

    private static IEnumerable<int> Names(IEnumerable<MemberUpdate> updates) =>
        updates.Select(update => int.Parse(update.Node.Name, null));

    private static MemberUpdate News(int name)
    {
        var node = NodeId.Of($"{name}");
        return new MemberUpdate(node, new Incarnation(1, new BootId(1)), MemberState.Alive, node);
    }
}
