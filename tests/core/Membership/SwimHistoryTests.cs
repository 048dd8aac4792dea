using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;

namespace Hyperscale.Det.Tests.Core.Membership;

/// <summary>Any history: of one member that is told anything, and of a group with any faults.</summary>
public sealed class SwimHistoryTests
{
    private static readonly NodeId[] Names = [.. "abcd".Select(c => NodeId.Of($"{c}"))];

    private static readonly Gen<NodeId> Node = Gen.OneOf(
        Gen.OneOf([.. Names.Select(Gen.Const)]), Gen.Const(NodeId.Of("stranger")));

    private static readonly Gen<Incarnation> Claim = Gen.Select(
        Gen.Frequency(
            (8, Gen.Long[0, 3]),
            (4, Gen.Long[0, 3].Select(n => n + (2L << 32))),
            (1, Gen.Const(Incarnation.NumberMax))),
        Gen.ULong[1, 3],
        (number, boot) => new Incarnation(number, new BootId(boot)));

    private static readonly Gen<(NodeId From, SwimMessage? Message, Duration After)> Happening = Gen.Select(
        Node,
        Gen.Frequency(
            (2, SwimGens.MessageOf(Node, Claim).Select(message => (SwimMessage?)message)),
            (1, Gen.Const((SwimMessage?)null))),
        Gen.Frequency(
            (6, Gen.Long[0, 1_000_000_000]), (1, Gen.Long[0, 100_000_000_000])).Select(n => new Duration(n)),
        (from, message, after) => (from, (SwimMessage?)message, after));

    private enum Kind : byte { Crash, Start, StartWithoutDisk, Isolate, Split, OneWay, Heal, Lose, Wait }

    private static readonly Gen<(Kind Kind, int Member, int Amount)> Fault =
        Gen.Select(Gen.Enum<Kind>(), Gen.Int[0, 4], Gen.Int[0, 60], (kind, member, n) => (kind, member, n));

    [Fact]
    public void A_member_that_is_told_anything_keeps_its_rules_and_its_order() =>
        Happening.List[0, 80].Sample(
            history =>
            {
                var (one, other) = (new Swim(Config()), new Swim(Config()));
                var outbox = new Outbox<SwimEffect>();
                var now = Instant.Zero;
                Step(new SwimInput.Started(new BootId(2), 5));
                foreach (var (from, message, after) in history)
                {
                    now += after;
                    Step(message is null
                        ? new SwimInput.Tick()
                        : new SwimInput.Received(from, message));
                }

                void Step(SwimInput input)
                {
                    var before = Names[1..].Select(ViewOf).ToList();
                    var own = one.Own;
                    outbox.Clear();
                    one.Step(input, now, outbox);
                    one.CheckInvariants();
                    other.Step(input, now, new Outbox<SwimEffect>());
                    Assert.Equal(Print(one), Print(other));
                    Assert.True(one.Own >= own);
                    Assert.Equal(new BootId(2), one.Own.Boot);
                    foreach (var (view, old) in Names[1..].Select(ViewOf).Zip(before))
                        Assert.True(view.CompareTo(old) >= 0, $"from {old} to {view}");
                    // Nobody is suspected who was not alive before.
                    foreach (var changed in outbox.Effects.OfType<SwimEffect.MemberChanged>())
                    {
                        var place = Array.IndexOf(Names, changed.Node) - 1;
                        if (before[place].Item2 != MemberState.Unconfirmed) continue;
                        Assert.NotEqual(MemberState.Suspect, changed.State);
                        before[place] = (default, changed.State);
                    }

                    JudgeEffects(outbox, one);
                }

                (Incarnation, MemberState) ViewOf(NodeId node) =>
                    (one.IncarnationOf(node), one.StateOf(node));
            },
            iter: 3000);

    /// <summary>I31 is checked by the group at every step; this is I32, with the bound that it
    /// names.</summary>
    [Fact]
    public void After_any_faults_all_agree_within_the_bound() => Gen.Select(
        Fault.List[0, 25], Gen.Int[2, 5], Gen.ULong).Sample(
            (faults, size, seed) =>
            {
                var group = new SwimGroup(size, seed);
                foreach (var (kind, member, amount) in faults) Inflict(group, kind, member % size, amount);
                Heal(group);
                var worst = group.Members.Max(member => member?.Health ?? 0);
                var (_, longest) = Config().Suspicion(Duration.FromMilliseconds(200), worst);
                // Each of the silent ones is asked in turn.
                group.Run((longest * 2) + (Duration.FromSeconds(40) * size));
                Assert.True(group.Agrees, Views(group));
            },
            iter: 300);

    private static void Inflict(SwimGroup group, Kind kind, int member, int amount)
    {
        switch (kind)
        {
            case Kind.Crash: group.Crash(member); break;
            case Kind.Start: group.Start(member); break;
            case Kind.StartWithoutDisk: group.Start(member, boot: 1000UL + (ulong)amount); break;
            case Kind.Isolate: group.Passes = (from, to, _) => from != member && to != member; break;
            case Kind.Split: group.Passes = (from, to, _) => from <= member == to <= member; break;
            case Kind.OneWay: group.Passes = (from, _, byStream) => from != member || byStream; break;
            case Kind.Heal: Heal(group); break;
            case Kind.Lose: (group.LossPercent, group.StreamLossPercent) = (amount, amount / 2); break;
            case Kind.Wait: break;
            default: throw new System.Diagnostics.UnreachableException($"unhandled {kind}");
        }

        group.Run(Duration.FromSeconds(amount));
    }

    private static void Heal(SwimGroup group)
    {
        group.Passes = (_, _, _) => true;
        (group.LossPercent, group.StreamLossPercent) = (0, 0);
    }

    private static void JudgeEffects(Outbox<SwimEffect> outbox, Swim swim)
    {
        foreach (var effect in outbox.Effects)
        {
            var (to, message) = effect switch
            {
                SwimEffect.SendDatagram datagram => (datagram.To, datagram.Message),
                SwimEffect.SendStream stream => (stream.To, stream.Message),
                _ => (Names[1], null),
            };
            Assert.Contains(to, Names[1..]);
            if (message is null) continue;
            Assert.DoesNotContain(message.Updates, update => update.State == MemberState.Unconfirmed);
            Assert.True(message.Incarnation <= swim.Own);
            var bytes = message.Updates.Sum(SwimFields.BytesMaxOf);
            if (effect is SwimEffect.SendDatagram) Assert.InRange(bytes, 0, SwimFields.UpdatesBytesMax);
        }
    }

    private static SwimConfig Config() => SwimConfig.Default(Names[0], Names);

    private static string Views(SwimGroup group) => string.Join('\n', group.Members.Select((member, i) =>
        $"{i}: {(member is null ? "down" : string.Join(' ', member.Others.Select(other => other.State)))}"));

    private static ulong Print(Swim swim)
    {
        var fingerprint = default(Fingerprint);
        swim.AddTo(ref fingerprint);
        return fingerprint.Value;
    }
}
