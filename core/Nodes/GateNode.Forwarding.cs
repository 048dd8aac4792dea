using System.Diagnostics;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

/// <content>Requests on their way to the gate that leads what they are about.</content>
public sealed partial class GateNode
{
    /// <summary>Most gates a request passes. While a view changes, two gates may take each other for the
    /// leader.</summary>
    private const int HopsMax = 3;

    /// <summary>Who leads a group, as far as this gate knows.</summary>
    private NodeId LeaderOf(int group) => _replicas.IsMember(group)
        ? _replicas.PrimaryOf(group)
        : _members[group][_guesses[group] % _members[group].Count];

    /// <summary>Has the leader of a group answer; waits until there is one.</summary>
    private NodeVerdict Pass(Asked asked, int group, Turn turn)
    {
        var leader = LeaderOf(group);
        if (leader == Id) return Postpone(asked, turn);
        if (asked.Hops >= HopsMax)
            return TurnAway(asked.Caller, $"passed on {asked.Hops} times already", turn);
        if (Waiters >= _config.WaitersMax) return TurnAway(asked.Caller, "too many requests wait here", turn);

        Call(asked, leader, null, turn);
        return NodeVerdict.Misdirected;
    }

    private void PassAgain(Asked asked, Turn turn)
    {
        if (asked.Until > turn.Now) OnAsked(asked, turn);
        else GiveUp(asked, $"no answer within {_config.ForwardDeadline}", turn);
    }

    /// <summary>Waits until somebody is known who can answer.</summary>
    private NodeVerdict Postpone(Asked asked, Turn turn)
    {
        if (Waiters >= _config.WaitersMax) return TurnAway(asked.Caller, "too many requests wait here", turn);
        _postponed.Add(asked, turn.Now);
        return NodeVerdict.Accepted;
    }

    /// <summary>Tries again what waits for somebody who can answer, and what was sent to a gate that leads no
    /// more.</summary>
    private void TakeUpPostponed(Turn turn)
    {
        if (!_isLeadershipNews && !_postponed.IsRetryDue(turn.Now)) return;
        _isLeadershipNews = false;
        foreach (var asked in _postponed.TakeAll()) PassAgain(asked, turn);
        foreach (var asked in _forwards.TakeRepeatable(IsAstray)) PassAgain(asked, turn);
    }

    /// <summary>Answers in truth: a request that another gate may have carried out was not simply turned
    /// away.</summary>
    private static void GiveUp(Asked asked, string reason, Turn turn)
    {
        if (asked is { MayBeDone: true, Request: ClientRequest.SubmitJob or ClientRequest.CancelJob })
            turn.Answer(asked.Caller, new ClientResponse.OutcomeUnknown(reason));
        else TurnAway(asked.Caller, reason, turn);
    }

    private bool IsAstray(ForwardedCall call) =>
        GroupOf(call.Asked.Request) is { } group && LeaderOf(group) != call.To;

    private int? GroupOf(ClientRequest request) => request switch
    {
        ClientRequest.GetJob get => get.Job.Group,
        ClientRequest.ExplainJob explain => explain.Job.Group,
        ClientRequest.WatchJob watch => watch.Job.Group,
        ClientRequest.CancelJob cancel => cancel.Job.Group,
        ClientRequest.SubmitJob { Key: { } key } => _topology.GroupOfKey(key),
        ClientRequest.SubmitJob or ClientRequest.ListJobs or ClientRequest.GetCluster
            or ClientRequest.PreviewRoute => null,
        _ => throw new UnreachableException($"unhandled {request}"),
    };

    private void Call(Asked asked, NodeId to, Gather? gather, Turn turn)
    {
        var call = new Message.ClientCall(_nextCallId++, asked.Hops + 1, asked.Request);
        var until = asked.Until + asked.Request switch
        {
            ClientRequest.WatchJob => _config.WatchDeadline,
            ClientRequest.SubmitJob { Key: not null } => _config.Idempotency.PendingWaitTimeout,
            _ => Duration.Zero,
        };
        _forwards.Add(new ForwardedCall(asked, to, call, gather), until);
        turn.Send(to, call);
    }

    private NodeVerdict OnClientAnswer(NodeId from, Message.ClientAnswer answer, Turn turn)
    {
        if (!_forwards.TryTake(answer.CallId, from, out var call)) return NodeVerdict.Stale;
        var caller = call.Asked.Caller;
        if (call.Gather is { } gather)
        {
            gather.Take(from, answer.Response);
            if (gather.IsComplete) Conclude(gather, turn);
            return NodeVerdict.Accepted;
        }

        Learn(call.Asked.Request, answer.Response, turn);
        if (answer.Response is ClientResponse.Accepted accepted) _submissions.Became(caller, accepted.Job);
        turn.Answer(caller, answer.Response);
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnSendFailed(NodeInput.SendFailed failed, Turn turn)
    {
        if (failed.Message is not Message.ClientCall sent) return NodeVerdict.Unknown;
        if (!_forwards.TryTake(sent.CallId, failed.Peer, out var call)) return NodeVerdict.Stale;
        if (GroupOf(call.Asked.Request) is { } group) Doubt(group, failed.Peer);
        if (call.Gather is not null) Abandon(call, $"{failed.Peer} cannot be reached", turn);
        else Postpone(call.Asked, turn);
        return NodeVerdict.Accepted;
    }

    /// <summary>Of a group that this gate keeps nothing of, it asks another member next.</summary>
    private void Doubt(int group, NodeId silent)
    {
        if (LeaderOf(group) == silent) _guesses[group]++;
    }

    /// <summary>Gives up waiting for another gate, and says what that means for the request.</summary>
    private void Abandon(ForwardedCall call, string reason, Turn turn)
    {
        if (call.Gather is { } gather)
        {
            gather.Miss(call.To);
            if (gather.IsComplete) Conclude(gather, turn);
            return;
        }

        if (GroupOf(call.Asked.Request) is { } group) Doubt(group, call.To);
        ClientResponse response = call.Asked.Request switch
        {
            ClientRequest.SubmitJob or ClientRequest.CancelJob => new ClientResponse.OutcomeUnknown(reason),
            ClientRequest.GetJob or ClientRequest.ExplainJob or ClientRequest.WatchJob
                or ClientRequest.ListJobs or ClientRequest.GetCluster or ClientRequest.PreviewRoute =>
                new ClientResponse.Unavailable(reason, RetryAfter),
            _ => throw new UnreachableException($"unhandled {call.Asked.Request}"),
        };
        turn.Answer(call.Asked.Caller, response);
    }
}
