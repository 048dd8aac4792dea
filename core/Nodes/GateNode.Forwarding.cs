using System.Diagnostics;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

/// <content>What other gates are asked on behalf of clients.</content>
public sealed partial class GateNode
{
    /// <summary>Most gates a request passes; one is enough while all know the same topology.</summary>
    private const int HopsMax = 3;

    private NodeVerdict ForwardSubmission(
        Caller caller, int hops, ClientRequest.SubmitJob submit, Turn turn)
    {
        List<NodeId> owners = [.. _owners.Distinct().Order()];
        return Forward(caller, hops, _rng.Pick(owners), submit, turn);
    }

    private NodeVerdict Forward(Caller caller, int hops, NodeId to, ClientRequest request, Turn turn)
    {
        if (hops >= HopsMax) return TurnAway(caller, $"passed on {hops} times already", turn);
        if (Waiters >= _config.WaitersMax) return TurnAway(caller, "too many requests wait here", turn);

        Call(caller, hops, to, request, null, turn);
        return NodeVerdict.Misdirected;
    }

    private void Call(
        Caller caller, int hops, NodeId to, ClientRequest request, ListGather? gather, Turn turn)
    {
        var call = new Message.ClientCall(_nextCallId++, hops + 1, request);
        var patience = request is ClientRequest.WatchJob
            ? _config.ForwardDeadline + _config.WatchDeadline
            : _config.ForwardDeadline;
        _forwards.Add(new ForwardedCall(caller, to, call, gather), turn.Now + patience);
        turn.Send(to, call);
    }

    private NodeVerdict OnClientAnswer(NodeId from, Message.ClientAnswer answer, Turn turn)
    {
        if (!_forwards.TryTake(answer.CallId, from, out var call)) return NodeVerdict.Stale;
        if (call.Gather is { } gather)
        {
            if (answer.Response is ClientResponse.Jobs jobs) gather.Add(from, jobs.List);
            else gather.Miss(from);
            if (gather.IsComplete) turn.Answer(call.Caller, gather.Result);
            return NodeVerdict.Accepted;
        }

        if (answer.Response is ClientResponse.Accepted accepted)
            _submissions.Became(call.Caller, accepted.Job);
        turn.Answer(call.Caller, answer.Response);
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnSendFailed(NodeInput.SendFailed failed, Turn turn)
    {
        if (failed.Message is not Message.ClientCall sent) return NodeVerdict.Unknown;
        if (!_forwards.TryTake(sent.CallId, failed.Peer, out var call)) return NodeVerdict.Stale;
        var reason = $"{failed.Peer} cannot be reached";
        if (call.Gather is not null || call.IsResent) Abandon(call, reason, turn);
        else turn.Answer(call.Caller, new ClientResponse.Unavailable(reason, RetryAfter));
        return NodeVerdict.Accepted;
    }

    /// <summary>Gives up waiting for another gate, and says what that means for the request.</summary>
    private static void Abandon(ForwardedCall call, string reason, Turn turn)
    {
        if (call.Gather is { } gather)
        {
            gather.Miss(call.To);
            if (gather.IsComplete) turn.Answer(call.Caller, gather.Result);
            return;
        }

        ClientResponse response = call.Call.Request switch
        {
            ClientRequest.SubmitJob or ClientRequest.CancelJob => new ClientResponse.OutcomeUnknown(reason),
            ClientRequest.GetJob or ClientRequest.WatchJob or ClientRequest.ListJobs =>
                new ClientResponse.Unavailable(reason, RetryAfter),
            _ => throw new UnreachableException($"unhandled {call.Call.Request}"),
        };
        turn.Answer(call.Caller, response);
    }
}
