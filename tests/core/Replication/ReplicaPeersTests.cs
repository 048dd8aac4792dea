using Hyperscale.Det.Kernel;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Tests.Core.Replication;

/// <summary>Heartbeats, suspicion and leases among three nodes that share one group.</summary>
public sealed class ReplicaPeersTests
{
    private static readonly ReplicaTimes Times = ReplicaTimes.Default;
    private static readonly NodeId[] Names = [NodeId.Of("a"), NodeId.Of("b"), NodeId.Of("c")];

    private readonly List<LedgerReplicas> _nodes = [];
    private readonly SortedSet<int> _cut = [];
    private readonly List<NodeId> _told = [];
    private readonly List<(int From, long Sequence, Instant At)> _beats = [];
    private int? _forgetful;
    private Instant _now = Instant.Zero;
    private readonly SortedSet<int> _started = [];

    public ReplicaPeersTests()
    {
        foreach (var name in Names) _nodes.Add(new LedgerReplicas(name, [(0, Names)], Times));
        for (var i = 0; i < Names.Length; i++)
        {
            Step(i, new ReplicaInput.Recovered(0, default, [], (ulong)i + 1, null));
            _started.Add(i);
        }
    }

    [Fact]
    public void The_first_leader_has_its_lease_as_soon_as_its_heartbeats_are_answered()
    {
        Run(Duration.FromSeconds(1));
        var leader = Assert.Single(Leaders);
        Assert.True(_nodes[leader].HasLease(0, _now));
        Assert.All(Others(leader), other => Assert.False(_nodes[other].HasLease(0, _now)));
    }

    [Fact]
    public void A_leader_that_nobody_hears_loses_its_lease_before_another_one_leads()
    {
        Run(Duration.FromSeconds(5));
        var leader = Assert.Single(Leaders);
        _cut.Add(leader);
        var cutAt = _now;
        Instant? lostAt = null;
        Instant? ledAt = null;
        while (ledAt is null && _now - cutAt < Duration.FromSeconds(20))
        {
            Run(Duration.FromMilliseconds(10));
            if (!_nodes[leader].HasLease(0, _now)) lostAt ??= _now;
            if (Leaders.Any(other => other != leader)) ledAt = _now;
        }

        Assert.NotNull(ledAt);
        Assert.NotNull(lostAt);
        Assert.True(lostAt < ledAt, $"the lease was lost at {lostAt}, another led at {ledAt}");
        Assert.True(ledAt.Value - cutAt < Times.SuspectAfter * 2);
    }

    [Fact]
    public void A_leader_that_is_thought_dead_is_left_sooner_but_not_before_its_lease_is_over()
    {
        Run(Duration.FromSeconds(5));
        var leader = Assert.Single(Leaders);
        foreach (var other in Others(leader))
            Step(other, new ReplicaInput.Suspected(Names[leader], IsSuspect: true));
        Run(Duration.FromSeconds(10));
        // It is heard: what membership thinks does not matter.
        Assert.Equal([leader], Leaders);

        _cut.Add(leader);
        var cutAt = _now;
        while (Leaders.All(other => other == leader) && _now - cutAt < Duration.FromSeconds(20))
            Run(Duration.FromMilliseconds(10));
        Assert.True(_now - cutAt >= Times.LeaseTerm);
        Assert.True(_now - cutAt < Times.SuspectAfter + Times.HeartbeatInterval);
    }

    [Fact]
    public void One_deaf_node_disturbs_nobody()
    {
        Run(Duration.FromSeconds(5));
        var leader = Assert.Single(Leaders);
        var view = _nodes[leader].ViewOf(0);
        _cut.Add(Others(leader).First());
        Run(Duration.FromSeconds(60));

        Assert.Contains(leader, Leaders);
        Assert.Equal(view, _nodes[leader].ViewOf(0));
        Assert.True(_nodes[leader].HasLease(0, _now));
    }

    [Fact]
    public void Answers_to_heartbeats_of_another_life_and_old_answers_renew_nothing()
    {
        Run(Duration.FromSeconds(5));
        var leader = Assert.Single(Leaders);
        var other = Names[Others(leader).First()];
        IReadOnlyList<FollowedView> following = [new(0, _nodes[leader].ViewOf(0), 0, WantsExit: false)];
        Assert.Equal(
            ReplicaVerdict.Unexpected,
            Step(leader, new ReplicaInput.HeartbeatAnswered(other, 1, following)));
        Assert.Equal(
            ReplicaVerdict.NotMember,
            Step(leader, new ReplicaInput.HeartbeatAnswered(NodeId.Of("d"), 1, following)));
        Assert.Equal(
            ReplicaVerdict.NotMember, Step(leader, new ReplicaInput.HeartbeatReceived(NodeId.Of("d"), 1)));
    }

    [Fact]
    public void A_backup_that_knows_fewer_commits_than_it_had_told_of_is_told_again_and_no_other()
    {
        Run(Duration.FromSeconds(5));
        var backup = Others(Assert.Single(Leaders)).First();
        _told.Clear();
        Run(Duration.FromSeconds(5));
        Assert.Empty(_told);

        // As after a restart whose first words were lost.
        _forgetful = backup;
        Run(Duration.FromSeconds(1));
        Assert.NotEmpty(_told);
        Assert.All(_told, to => Assert.Equal(Names[backup], to));
    }

    [Fact]
    public void An_answer_that_a_later_one_has_overtaken_does_not_shorten_the_lease()
    {
        Run(Duration.FromSeconds(5));
        var leader = Assert.Single(Leaders);
        foreach (var other in Others(leader)) _cut.Add(other);
        _beats.Clear();
        Run(Times.HeartbeatInterval * 2);
        var first = _beats.First(beat => beat.From == leader);
        var last = _beats.Last(beat => beat.From == leader);
        Assert.True(first.At < last.At);
        var peer = Names[Others(leader).First()];
        IReadOnlyList<FollowedView> following =
            [new(0, _nodes[leader].ViewOf(0), long.MaxValue, WantsExit: false)];

        Assert.Equal(
            ReplicaVerdict.Accepted,
            Step(leader, new ReplicaInput.HeartbeatAnswered(peer, last.Sequence, following)));
        Assert.Equal(
            ReplicaVerdict.Stale,
            Step(leader, new ReplicaInput.HeartbeatAnswered(peer, first.Sequence, following)));

        var end = last.At + Times.LeaseTerm;
        Assert.True(_nodes[leader].HasLease(0, end - Duration.FromNanoseconds(1)));
        Assert.False(_nodes[leader].HasLease(0, end));
    }

    [Fact]
    public void Who_wants_to_leave_lends_no_lease_though_it_answers()
    {
        Run(Duration.FromSeconds(5));
        var leader = Assert.Single(Leaders);
        foreach (var other in Others(leader)) _cut.Add(other);
        _beats.Clear();
        Run(Times.HeartbeatInterval * 2);
        var beat = _beats.Last(sent => sent.From == leader);
        var told = new FollowedView(0, _nodes[leader].ViewOf(0), long.MaxValue, WantsExit: true);
        var peer = Names[Others(leader).First()];

        Step(leader, new ReplicaInput.HeartbeatAnswered(peer, beat.Sequence, [told]));

        // It leads on with what the other one lent it before.
        Assert.True(_nodes[leader].Leads(0));
        Assert.False(_nodes[leader].HasLease(0, beat.At + Times.LeaseTerm - Duration.FromNanoseconds(1)));
    }

    private IReadOnlyList<int> Leaders =>
        [.. Enumerable.Range(0, Names.Length).Where(i => _nodes[i].Leads(0))];

    private static IEnumerable<int> Others(int node) =>
        Enumerable.Range(0, Names.Length).Where(other => other != node);

    private void Run(Duration time)
    {
        var end = _now + time;
        while (true)
        {
            var next = _nodes.Min(node => node.NextDeadline);
            if (next > end) break;
            _now = Instant.Later(_now, next);
            for (var i = 0; i < _nodes.Count; i++)
                if (_nodes[i].NextDeadline <= _now) Step(i, new ReplicaInput.Tick());
        }

        _now = end;
    }

    private ReplicaVerdict Step(int from, ReplicaInput input)
    {
        var node = _nodes[from];
        var outbox = new Outbox<ReplicaEffect>();
        var verdict = node.Step(input, _now, outbox);
        node.CheckInvariants();
        // The disk is quick: everything is on it before anything leaves.
        if (node.PersistedLsn < node.AppendedLsn) Step(from, new ReplicaInput.Persisted(node.AppendedLsn));
        foreach (var effect in outbox.Effects) Deliver(from, effect);
        return verdict;
    }

    private void Deliver(int from, ReplicaEffect effect)
    {
        (NodeId To, ReplicaInput Input)? delivery = effect switch
        {
            ReplicaEffect.Send send => (send.To, new ReplicaInput.Received(Names[from], send.Messages)),
            ReplicaEffect.SendHeartbeat beat =>
                (beat.To, new ReplicaInput.HeartbeatReceived(Names[from], beat.Sequence)),
            ReplicaEffect.AnswerHeartbeat answer => (
                answer.To,
                new ReplicaInput.HeartbeatAnswered(Names[from], answer.Sequence, answer.Following)),
            _ => null,
        };
        if (delivery is not var (to, input)) return;
        if (effect is ReplicaEffect.SendHeartbeat sent) _beats.Add((from, sent.Sequence, _now));
        if (input is ReplicaInput.Received { Messages: var messages }
            && messages.Any(message => message.Message is VsrMessage.Commit)) _told.Add(to);
        if (from == _forgetful && input is ReplicaInput.HeartbeatAnswered answered)
        {
            input = answered with
            {
                Following = [.. answered.Following.Select(one => one with { Committed = 0 })],
            };
        }
        var target = Array.IndexOf(Names, to);
        if (!_started.Contains(target) || _cut.Contains(from) || _cut.Contains(target)) return;
        Step(target, input);
    }
}
