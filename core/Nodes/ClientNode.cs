using System.Diagnostics;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

/// <summary>Asks gates on behalf of the clients of its process, and never asks twice for what may be done
/// once.</summary>
/// <remarks>What only reads, a cancellation, and a submission with a key, of which repeats make no second
/// job, is asked again of another gate until the time is up. A submission without a key is asked again only
/// when it is certain that it was not carried out: it never left this host, or a gate said so. Otherwise its
/// outcome is unknown, and that is the answer.</remarks>
public sealed class ClientNode(NodeId id, Topology topology, ClientConfig config) : INode
{
    /// <summary>Doublings of the backoff: from the shortest to a million times as much.</summary>
    private const int DoublingsMax = 20;

    private readonly SortedDictionary<long, PendingRequest> _pending = [];
    private readonly SortedDictionary<long, long> _requestOfCall = [];
    private readonly DeadlineQueue<long> _deadlines = new();
    private Rng _rng = new(0);
    private long _nextCallId;

    public NodeId Id { get; } = id;

    /// <inheritdoc/>
    public Instant NextDeadline => _deadlines.NextDeadline;

    /// <summary>Requests that have no answer so far.</summary>
    public int Pending => _pending.Count;

    /// <inheritdoc/>
    public NodeVerdict Step(NodeInput input, Instant now, Outbox<NodeEffect> outbox)
    {
        var turn = new Turn(now, outbox);
        var verdict = input switch
        {
            NodeInput.Started started => OnStarted(started),
            NodeInput.ClientRequested asked => OnClientRequested(asked, turn),
            NodeInput.Received { Message: Message.ClientAnswer answer } received =>
                OnClientAnswer(received.From, answer, turn),
            NodeInput.Received received =>
                turn.Ignore(received.From, received.Message, NodeVerdict.Misdirected),
            NodeInput.SendFailed failed => OnSendFailed(failed, turn),
            NodeInput.PeerLost lost => OnPeerLost(lost.Peer, turn),
            NodeInput.Tick => NodeVerdict.Accepted,
            NodeInput.Shutdown => OnShutdown(turn),
            NodeInput.Durable or NodeInput.SnapshotDurable or NodeInput.WorkloadReported
                or NodeInput.WorkloadExited or NodeInput.ResourcesSampled => NodeVerdict.Misdirected,
            _ => throw new UnreachableException($"unhandled {input}"),
        };
        while (_deadlines.TryPop(now, out var requestId)) OnDue(_pending[requestId], turn);
        return verdict;
    }

    /// <inheritdoc/>
    public void CheckInvariants()
    {
        Invariant.Holds(_pending.Count <= config.PendingMax);
        Invariant.Holds(_deadlines.Count == _pending.Count);
        Invariant.Holds(_requestOfCall.Count == _pending.Values.Count(request => request.Call is not null));
        foreach (var (requestId, request) in _pending)
        {
            Invariant.Holds(request.RequestId == requestId);
            Invariant.Holds(request.Call is null || _requestOfCall[request.Call.CallId] == requestId);
            Invariant.Holds(_deadlines.TryGet(requestId, out var due) && due <= request.GiveUpAt);
        }
    }

    /// <inheritdoc/>
    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Id);
        foreach (var request in _pending.Values)
        {
            fingerprint.Add(request.RequestId);
            fingerprint.Add(request.Request.GetType().Name);
            fingerprint.Add(request.GiveUpAt);
            fingerprint.Add((long)request.Gate);
            fingerprint.Add((long)request.Tries);
            fingerprint.Add(request.Call?.CallId ?? -1);
            fingerprint.Add(request.MayBeDone);
            fingerprint.Add(request.LastFault?.Reason);
        }

        _deadlines.AddTo(ref fingerprint, requestId => (ulong)requestId);
        _rng.AddTo(ref fingerprint);
        fingerprint.Add(_nextCallId);
    }

    private NodeVerdict OnStarted(NodeInput.Started started)
    {
        _rng = Rng.Stream(started.Seed, "client", Id.Name);
        // Calls of another life never have the numbers of this one's.
        _nextCallId = (long)(Rng.Draw(started.Seed, "call-ids", Id.Name, started.Boot.Value) >> 2);
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnClientRequested(NodeInput.ClientRequested asked, Turn turn)
    {
        if (topology.Gates.Count == 0) return TurnAway(asked, "the topology names no gate", turn);
        if (_pending.Count >= config.PendingMax)
            return TurnAway(asked, $"{config.PendingMax} requests wait here, as many as may", turn);
        Invariant.Holds(!_pending.ContainsKey(asked.RequestId));

        var request = new PendingRequest(
            asked.RequestId, asked.Request, turn.Now + config.GiveUpOf(asked.Request))
        {
            Gate = (int)_rng.Below(topology.Gates.Count),
        };
        _pending.Add(asked.RequestId, request);
        Call(request, turn);
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnClientAnswer(NodeId from, Message.ClientAnswer answer, Turn turn)
    {
        if (!_requestOfCall.TryGetValue(answer.CallId, out var requestId)) return NodeVerdict.Stale;
        var request = _pending[requestId];
        if (topology.Gates[request.Gate] != from) return turn.Ignore(from, answer, NodeVerdict.Unknown);

        EndCall(request);
        switch (answer.Response)
        {
            case ClientResponse.Unavailable unavailable:
                request.LastFault = unavailable;
                Retry(request, unavailable.RetryAfter, turn);
                break;
            case ClientResponse.Pending pending:
                request.MayBeDone = true;
                Retry(request, pending.RetryAfter, turn);
                break;
            case ClientResponse.OutcomeUnknown when IsRepeatable(request.Request):
                request.MayBeDone = true;
                Retry(request, Duration.Zero, turn);
                break;
            default:
                Finish(request, answer.Response, turn);
                break;
        }

        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnSendFailed(NodeInput.SendFailed failed, Turn turn)
    {
        if (failed.Message is not Message.ClientCall call) return NodeVerdict.Unknown;
        if (!_requestOfCall.TryGetValue(call.CallId, out var requestId)) return NodeVerdict.Stale;

        var request = _pending[requestId];
        EndCall(request);
        request.LastFault = new ClientResponse.Unavailable($"{failed.Peer} cannot be reached", Duration.Zero);
        Retry(request, Duration.Zero, turn);
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnPeerLost(NodeId peer, Turn turn)
    {
        // The answer to a submission without a key may still come over another connection, so that one waits
        // on.
        var lost = _pending.Values
            .Where(request => request.Call is not null && topology.Gates[request.Gate] == peer)
            .Where(request => IsRepeatable(request.Request))
            .ToList();
        foreach (var request in lost) RetryUnanswered(request, turn);
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnShutdown(Turn turn)
    {
        foreach (var request in _pending.Values.ToList()) GiveUp(request, turn);
        return NodeVerdict.Accepted;
    }

    /// <summary>A request's wait is over: for its call's answer, for its next try, or altogether.</summary>
    private void OnDue(PendingRequest request, Turn turn)
    {
        if (request.Call is null && turn.Now < request.GiveUpAt)
        {
            Call(request, turn);
            return;
        }

        if (request.Call is not null && IsRepeatable(request.Request)) RetryUnanswered(request, turn);
        else GiveUp(request, turn);
    }

    private void Call(PendingRequest request, Turn turn)
    {
        Invariant.Holds(request.Call is null);
        var call = new Message.ClientCall(_nextCallId++, 0, request.Request);
        request.Call = call;
        request.Tries++;
        _requestOfCall.Add(call.CallId, request.RequestId);
        _deadlines.Set(
            request.RequestId,
            Instant.Sooner(turn.Now + config.DeadlineOf(request.Request), request.GiveUpAt));
        turn.Send(topology.Gates[request.Gate], call);
    }

    private void RetryUnanswered(PendingRequest request, Turn turn)
    {
        request.MayBeDone = true;
        EndCall(request);
        Retry(request, Duration.Zero, turn);
    }

    /// <summary>Asks the next gate after a full-jitter backoff, and not before
    /// <paramref name="atLeast"/>.</summary>
    private void Retry(PendingRequest request, Duration atLeast, Turn turn)
    {
        var doublings = Math.Min(request.Tries - 1, DoublingsMax);
        var cap = config.BackoffMin.Nanoseconds > config.BackoffMax.Nanoseconds >> doublings
            ? config.BackoffMax
            : config.BackoffMin * (1L << doublings);
        var wait = Duration.Longer(_rng.Between(Duration.Zero, cap), atLeast);
        if (turn.Now + wait >= request.GiveUpAt)
        {
            GiveUp(request, turn);
            return;
        }

        request.Gate = (request.Gate + 1) % topology.Gates.Count;
        _deadlines.Set(request.RequestId, turn.Now + wait);
    }

    private void EndCall(PendingRequest request)
    {
        _requestOfCall.Remove(request.Call!.CallId);
        request.Call = null;
    }

    /// <summary>Answers in truth: unknown when a call may have been carried out, else that nothing
    /// was.</summary>
    private void GiveUp(PendingRequest request, Turn turn)
    {
        var mayBeDone = request.MayBeDone || request.Call is not null;
        var reason = $"{topology.Gates[request.Gate]} did not answer in time";
        if (request.Call is not null) EndCall(request);
        Finish(
            request,
            mayBeDone && ChangesSomething(request.Request)
                ? new ClientResponse.OutcomeUnknown(reason)
                : request.LastFault ?? new ClientResponse.Unavailable(reason, config.BackoffMax),
            turn);
    }

    private void Finish(PendingRequest request, ClientResponse response, Turn turn)
    {
        _pending.Remove(request.RequestId);
        _deadlines.Remove(request.RequestId);
        turn.Answer(Caller.Local(request.RequestId), response);
    }

    private NodeVerdict TurnAway(NodeInput.ClientRequested asked, string reason, Turn turn)
    {
        turn.Answer(
            Caller.Local(asked.RequestId), new ClientResponse.Unavailable(reason, config.BackoffMax));
        return NodeVerdict.Overloaded;
    }

    private static bool IsRepeatable(ClientRequest request) =>
        request is not ClientRequest.SubmitJob { Key: null };

    private static bool ChangesSomething(ClientRequest request) => request switch
    {
        ClientRequest.SubmitJob or ClientRequest.CancelJob => true,
        ClientRequest.GetJob or ClientRequest.ExplainJob or ClientRequest.WatchJob
            or ClientRequest.ListJobs or ClientRequest.GetCluster or ClientRequest.PreviewRoute => false,
        _ => throw new UnreachableException($"unhandled {request}"),
    };

    private sealed class PendingRequest(long requestId, ClientRequest request, Instant giveUpAt)
    {
        public long RequestId { get; } = requestId;

        public ClientRequest Request { get; } = request;

        public Instant GiveUpAt { get; } = giveUpAt;

        /// <summary>Index of the gate that is asked, or will be next.</summary>
        public int Gate { get; set; }

        public int Tries { get; set; }

        /// <summary>The call that has no answer; null between two tries.</summary>
        public Message.ClientCall? Call { get; set; }

        /// <summary>A call of it was never answered, so a gate may have carried it out.</summary>
        public bool MayBeDone { get; set; }

        /// <summary>The newest answer that said that nothing was done.</summary>
        public ClientResponse.Unavailable? LastFault { get; set; }
    }
}
