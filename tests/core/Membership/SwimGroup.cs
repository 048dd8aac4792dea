using System.Diagnostics;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Core.Membership;

/// <summary>Members on a network with delays, losses and partitions, all on one clock. Messages travel as
/// bytes, and after every step what must always hold is checked.</summary>
internal sealed class SwimGroup
{
    private readonly SortedDictionary<(Instant At, long Order), Datagram> _network = [];
    private readonly Outbox<SwimEffect> _outbox = new();
    private readonly FieldWriter _writer = new();
    private readonly Rng _rng;
    private readonly ulong[] _starts;
    private readonly long[] _claimed;
    private readonly SortedDictionary<(int Of, int About), (Incarnation, MemberState)> _seen = [];
    private long _order;

    public SwimGroup(int size, ulong seed, bool starts = true)
    {
        _rng = new Rng(seed);
        Seed = seed;
        Names = [.. Enumerable.Range(0, size).Select(i => NodeId.Of($"node-{i}"))];
        Members = new Swim?[size];
        _starts = new ulong[size];
        _claimed = new long[size];
        for (var i = 0; i < size && starts; i++) Start(i);
    }

    public ulong Seed { get; }

    public IReadOnlyList<NodeId> Names { get; }

    public Swim?[] Members { get; }

    public Instant Now { get; private set; }

    /// <summary>Datagrams of a hundred that are lost.</summary>
    public int LossPercent { get; set; }

    /// <summary>Of a hundred messages over streams, those that are lost with their connection.</summary>
    public int StreamLossPercent { get; set; }

    /// <summary>Whether a message may pass, by datagram or by stream.</summary>
    public Func<int, int, bool, bool> Passes { get; set; } = (_, _, _) => true;

    public List<(Instant At, int Member, NodeId About, MemberState State)> Changes { get; } = [];

    public List<(int Member, NodeId About, Duration Rtt)> Rtts { get; } = [];

    public int DatagramsSent { get; private set; }

    public int LargestDatagram { get; private set; }

    public void Start(int i) => Start(i, ++_starts[i]);

    /// <summary>Starts with a boot that need not be above the last one's: as without its disk.</summary>
    public void Start(int i, ulong boot)
    {
        Members[i] = new Swim(SwimConfig.Default(Names[i], Names));
        for (var about = 0; about < Names.Count; about++) _seen.Remove((i, about));
        Step(i, new SwimInput.Started(new BootId(boot), Rng.Draw(Seed, "start", Names[i].Name, boot)));
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

    /// <summary>Whether every running member thinks this of that one.</summary>
    public bool AllSee(int about, MemberState state) => Members
        .Where((m, i) => m is not null && i != about)
        .All(m => m!.StateOf(Names[about]) == state);

    /// <summary>Whether all running members think the same, and of each other that they are alive.</summary>
    public bool Agrees => Enumerable.Range(0, Names.Count).All(about => Members[about] is null
        ? AllSee(about, MemberState.Dead) || AllSee(about, MemberState.Unconfirmed)
        : AllSee(about, MemberState.Alive));

    public ulong Print()
    {
        var fingerprint = default(Fingerprint);
        foreach (var member in Members) member?.AddTo(ref fingerprint);
        return fingerprint.Value;
    }

    private void Deliver()
    {
        var (key, (from, to, bytes)) = _network.First();
        _network.Remove(key);
        if (Members[to] is null) return;
        var reader = new FieldReader(bytes);
        var message = SwimFields.ReadMessage(ref reader);
        Assert.True(message is not null, reader.Fault);
        Step(to, new SwimInput.Received(Names[from], message!));
    }

    private void Step(int i, SwimInput input)
    {
        var member = Members[i]!;
        _outbox.Clear();
        member.Step(input, Now, _outbox);
        member.CheckInvariants();
        Assert.True(member.NextDeadline > Now || input is not SwimInput.Tick, "a tick leaves nothing due");
        _claimed[i] = Math.Max(_claimed[i], member.Own.Number);
        CheckOrder(i, member);
        foreach (var effect in _outbox.Effects) Carry(i, effect);
    }

    /// <summary>What a member thinks of another only moves on: to a newer incarnation, or of one to a worse
    /// state; and never to an incarnation that the other did not claim.</summary>
    private void CheckOrder(int i, Swim member)
    {
        for (var about = 0; about < Names.Count; about++)
        {
            if (about == i) continue;
            var view = (member.IncarnationOf(Names[about]), member.StateOf(Names[about]));
            var before = _seen.GetValueOrDefault((i, about));
            Assert.True(view.CompareTo(before) >= 0, $"{i} of {about}: from {before} to {view}");
            Assert.True(view.Item1.Number <= _claimed[about], $"{i} of {about}: {view} was never claimed");
            _seen[(i, about)] = view;
        }
    }

    private void Carry(int i, SwimEffect effect)
    {
        switch (effect)
        {
            case SwimEffect.SendDatagram datagram:
                DatagramsSent++;
                Post(i, datagram.To, datagram.Message, false);
                break;
            case SwimEffect.SendStream stream:
                Post(i, stream.To, stream.Message, true);
                break;
            case SwimEffect.MemberChanged changed:
                Changes.Add((Now, i, changed.Node, changed.State));
                break;
            case SwimEffect.RttMeasured measured:
                Rtts.Add((i, measured.Node, measured.Rtt));
                break;
            default:
                throw new UnreachableException($"unhandled {effect}");
        }
    }

    private void Post(int from, NodeId to, SwimMessage message, bool byStream)
    {
        _writer.Clear();
        SwimFields.Write(_writer, message);
        if (!byStream) LargestDatagram = Math.Max(LargestDatagram, _writer.Length);
        var target = Names.ToList().IndexOf(to);
        // Drawn whether or not it passes: one lost message more shifts no other draw.
        var isLost = _rng.Below(100) < (byStream ? StreamLossPercent : LossPercent);
        var at = Now + _rng.Between(Duration.FromMicroseconds(200), Duration.FromMilliseconds(20));
        if (!isLost && Passes(from, target, byStream))
            _network.Add((at, _order++), new Datagram(from, target, _writer.ToArray()));
    }

    private sealed record Datagram(int From, int To, byte[] Bytes);
}
