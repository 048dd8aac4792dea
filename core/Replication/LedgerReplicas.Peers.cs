using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Replication;

// Heartbeats between the nodes that share groups: who is silent, and who follows whom.
public sealed partial class LedgerReplicas
{
    /// <summary>Whether an entry of a group that this node is about to lead was committed by an earlier
    /// primary, as far as a quorum knew when the view began.</summary>
    public bool WasCommittedBefore(int group, long op) => op <= _byGroup[group]!.CommittedBeforeView;

    private ReplicaVerdict OnHeartbeat(
        ReplicaInput.HeartbeatReceived heartbeat, Instant now, Outbox<ReplicaEffect> outbox)
    {
        if (!_peers.Nodes.Contains(heartbeat.From)) return ReplicaVerdict.NotMember;
        Hear(heartbeat.From, now, outbox);
        List<FollowedView> following =
        [
            .. from replica in _replicas.Values
               where replica.Status == VsrStatus.Normal && replica.Primary == heartbeat.From
               select new FollowedView(
                   replica.Group, replica.View, replica.Commit, replica.MayHaveAskedToLeave)
        ];
        outbox.Emit(new ReplicaEffect.AnswerHeartbeat(heartbeat.From, heartbeat.Sequence, following));
        return ReplicaVerdict.Accepted;
    }

    private ReplicaVerdict OnHeartbeatAnswered(
        ReplicaInput.HeartbeatAnswered answered, Instant now, Outbox<ReplicaEffect> outbox)
    {
        if (!_peers.Nodes.Contains(answered.From)) return ReplicaVerdict.NotMember;
        Hear(answered.From, now, outbox);
        var verdict = _peers.Support(answered.From, answered.Sequence, answered.Following);
        if (verdict != ReplicaVerdict.Accepted) return verdict;
        foreach (var followed in answered.Following)
        {
            if (_replicas.TryGetValue(followed.Group, out var replica) && replica.IsNews(followed))
                StepGroup(followed.Group, new VsrInput.Followed(answered.From, followed), now, outbox);
        }

        return verdict;
    }

    private void Hear(NodeId from, Instant now, Outbox<ReplicaEffect> outbox)
    {
        if (_peers.Hear(from, now)) Suspect(from, isSuspect: false, now, outbox);
    }

    private ReplicaVerdict OnSuspected(
        ReplicaInput.Suspected suspected, Instant now, Outbox<ReplicaEffect> outbox)
    {
        if (!_peers.Nodes.Contains(suspected.Node)) return ReplicaVerdict.NotMember;
        _peers.Judge(suspected.Node, suspected.IsSuspect);
        SuspectSilent(now, outbox);
        return ReplicaVerdict.Accepted;
    }

    private void SuspectSilent(Instant now, Outbox<ReplicaEffect> outbox)
    {
        while (_peers.TrySuspect(now, out var silent)) Suspect(silent, isSuspect: true, now, outbox);
    }

    private void Suspect(NodeId node, bool isSuspect, Instant now, Outbox<ReplicaEffect> outbox)
    {
        foreach (var (group, members) in _members)
        {
            if (!members.Contains(node)) continue;
            StepGroup(group, new VsrInput.Suspected(node, isSuspect), now, outbox);
        }
    }
}
