using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;

namespace Hyperscale.Det.Tests.Core.Membership;

/// <summary>Members on a network with delays, losses and partitions, all on one clock.</summary>
internal sealed class SwimGroup
{
    private readonly SortedDictionary<(Instant At, long Order), Datagram> _network = [];

    private readonly Outbox<SwimEffect> _outbox = new();
    private readonly Rng _rng;
    private readonly int[] _starts;
    private long _order;

    public SwimGroup(int size, ulong seed)
    {
        _rng = new Rng(seed);
        Names = [.. Enumerable.Range(0, size).Select(i => NodeId.Of($"node-{i}"))];
        Members = new Swim?[size];
        _starts = new int[size];
        for (var i = 0; i < size; i++) Start(i);
    }

    public IReadOnlyList<NodeId> Names { get; }

    public Swim?[] Members { get; }

    public Instant Now { get; private set; }

    /// <summary>Datagrams of a hundred that are lost.</summary>
    public int LossPercent { get; set; }

    /// <summary>Whether a message may pass.</summary>
    public Func<int, int, bool> Passes { get; set; } = (_, _) => true;

    public List<(Instant At, int Member, NodeId About, MemberState State)> Changes { get; } = [];

    public int DatagramsSent { get; private set; }

    public void Start(int i)
    {
        Members[i] = new Swim(SwimConfig.Default(Names[i], Names));
        var boot = new BootId((ulong)++_starts[i]);
        Step(i, new SwimInput.Started(boot, Rng.Draw(7, "start", Names[i].Name, boot.Value)));
    }

    public void Crash(int i) => Members[i] = null;

    public void Run(Duration time)
    {
        var end = Now + time;
        while (true)
        {
            var arrival = _network.Count == 0 ? Instant.Never : _network.First().Key.At;
            var (deadline, member) = Members
                .Select((m, i) => (m?.NextDeadline ?? Instant.Never, i)).Min();
            var next = Instant.Sooner(arrival, deadline);
            if (next > end) break;
            Now = Instant.Later(Now, next);
            if (arrival <= deadline) Deliver();
            else Step(member, new SwimInput.Tick());
        }

        Now = end;
    }

    public bool AllSee(int about, MemberState state) => Members
        .Where((m, i) => m is not null && i != about)
        .All(m => m!.StateOf(Names[about]) == state);

    private void Deliver()
    {
        var (key, (from, to, message)) = _network.First();
        _network.Remove(key);
        if (Members[to] is not null) Step(to, new SwimInput.Received(Names[from], message));
    }

    private void Step(int i, SwimInput input)
    {
        var member = Members[i]!;
        _outbox.Clear();
        member.Step(input, Now, _outbox);
        member.CheckInvariants();
        Assert.True(member.NextDeadline > Now || input is not SwimInput.Tick, "a tick leaves nothing due");
        foreach (var effect in _outbox.Effects)
        {
            switch (effect)
            {
                case SwimEffect.SendDatagram datagram:
                    DatagramsSent++;
                    if (_rng.Below(100) >= LossPercent) Post(i, datagram.To, datagram.Message);
                    break;
                case SwimEffect.SendStream stream:
                    Post(i, stream.To, stream.Message);
                    break;
                case SwimEffect.MemberChanged changed:
                    Changes.Add((Now, i, changed.Node, changed.State));
                    break;
                default:
                    throw new System.Diagnostics.UnreachableException($"unhandled {effect}");
            }
        }
    }

    private void Post(int from, NodeId to, SwimMessage message)
    {
        var target = Names.ToList().IndexOf(to);
        if (!Passes(from, target)) return;
        var at = Now + _rng.Between(Duration.FromMicroseconds(200), Duration.FromMilliseconds(20));
        _network.Add((at, _order++), new Datagram(from, target, message));
    }

    private sealed record Datagram(int From, int To, SwimMessage Message);
}
