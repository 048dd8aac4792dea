using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Membership;

// What is said of members: believed, passed on, contradicted.
public sealed partial class Swim
{
    /// <summary>Somebody says something of a member, or this node found it out: the consequences are the
    /// same.</summary>
    private void OnUpdate(MemberUpdate update, Instant now, Outbox<SwimEffect> outbox)
    {
        if (update.Node == _config.Self)
        {
            OnUpdateOfSelf(update);
            return;
        }

        // Who is not configured is no member, whatever anybody says; nor is its voice one.
        if (!_members.TryGetValue(update.Node, out var member)) return;
        if (update.State == MemberState.Suspect && !MayAccuse(update)) return;
        if (member.IsNewAccuser(update))
        {
            Confirm(member, update, now);
            return;
        }

        if (member.IsNews(update)) Change(member, update, now, outbox);
    }

    private bool MayAccuse(MemberUpdate update) =>
        update.Accuser != update.Node
        && (update.Accuser == _config.Self || _members.ContainsKey(update.Accuser));

    /// <summary>Contradicts talk of this node's death, and outbids an earlier start's last claim.</summary>
    private void OnUpdateOfSelf(MemberUpdate update)
    {
        var isOwn = update.Incarnation == _own && update.State == MemberState.Alive;
        if (isOwn || update.Incarnation < _own) return;
        // Having been called silent by others is a sign of being slow.
        if (update.Incarnation.Boot == _own.Boot) Worsen(1);
        _own = _own.Over(update.Incarnation);
        _gossip.Add(new MemberUpdate(_config.Self, _own, MemberState.Alive, _config.Self));
    }

    /// <summary>What an exchange of everything says is old talk: somebody cut off from a member for long
    /// calls it dead, and others know better. Who is alive here gets the time to contradict.</summary>
    private MemberUpdate Doubted(MemberUpdate update, NodeId from)
    {
        if (update.State != MemberState.Dead) return update;
        if (!_members.TryGetValue(update.Node, out var member)) return update;
        return member.State is MemberState.Alive or MemberState.Suspect
            ? update with { State = MemberState.Suspect, Accuser = from }
            : update;
    }

    private void Confirm(Member member, MemberUpdate update, Instant now)
    {
        // More voices than that change nothing and need not be passed on.
        if (member.Accusers > _config.ConfirmationsMax) return;
        member.Accuse(update.Accuser);
        _suspicions.Set(member.Node, SuspicionEnd(member, now));
        _gossip.Add(update);
    }

    private void Change(Member member, MemberUpdate update, Instant now, Outbox<SwimEffect> outbox)
    {
        var (before, boot) = (member.State, member.Incarnation.Boot);
        member.Take(update, now);
        var isSuspect = member.State == MemberState.Suspect;
        _suspicions.Set(member.Node, isSuspect ? SuspicionEnd(member, now) : Instant.Never);
        _gossip.Add(update);
        var isNewLife = before == MemberState.Unconfirmed || boot != member.Incarnation.Boot;
        if (before == member.State && !isNewLife) return;
        outbox.Emit(new SwimEffect.MemberChanged(
            member.Node, member.Incarnation.Boot, member.State, isNewLife));
    }

    private void Accuse(Member member, Instant now, Outbox<SwimEffect> outbox)
    {
        if (member.State is not (MemberState.Alive or MemberState.Suspect)) return;
        var silent = new MemberUpdate(
            member.Node, member.Incarnation, MemberState.Suspect, _config.Self);
        OnUpdate(silent, now, outbox);
        // Whoever is suspected hears it at once, so that it can contradict.
        SendPing(member.Node, ++_sequence, outbox);
    }

    private void Declare(Member member, Instant now, Outbox<SwimEffect> outbox) => OnUpdate(
        new MemberUpdate(member.Node, member.Incarnation, MemberState.Dead, member.Node), now, outbox);

    /// <summary>Shorter with every independent accuser, from the longest to the shortest
    /// (Lifeguard).</summary>
    private Instant SuspicionEnd(Member member, Instant now)
    {
        var (min, max) = _config.Suspicion(member.RttBound, _health);
        var most = NaturalLog.Thousandths(_config.ConfirmationsMax + 1);
        // Where nobody could confirm it, waiting for others is of no use.
        if (most == 0) return member.SuspectedAt + min;
        var heard = Math.Min(most, NaturalLog.Thousandths(member.Accusers));
        return Instant.Later(now, member.SuspectedAt + (max - ((max - min) * heard / most)));
    }

    /// <summary>The news for a message; talk of the receiver's own death comes first.</summary>
    private IReadOnlyList<MemberUpdate> NewsFor(NodeId to, bool isBehind = false)
    {
        var member = _members[to];
        var mustHear = isBehind || member.State is MemberState.Suspect or MemberState.Dead;
        return _gossip.Take(
            SwimFields.UpdatesBytesMax, _config.Members.Count, mustHear ? member.Update : null);
    }
}
