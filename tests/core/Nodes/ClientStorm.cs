using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Tests.Core.Idempotency;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>A client whose calls are answered, lost or returned as the moves say.</summary>
internal sealed class ClientStorm
{
    private readonly Outbox<NodeEffect> _outbox = new();
    private readonly ClientNode _client;
    private readonly Rng _rng;
    private readonly IReadOnlyList<NodeId> _gates;
    private readonly List<(NodeId Gate, Message.ClientCall Call)> _calls = [];
    private readonly SortedDictionary<long, int> _replies = [];
    private readonly List<Message.ClientCall> _inDoubt = [];
    private Instant _now = Instant.Zero;
    private long _requests;

    public ClientStorm(ulong seed, IReadOnlyList<NodeId> gates, ClientConfig config)
    {
        (_rng, _gates) = (Rng.Stream(seed, "client-storm"), gates);
        _client = new ClientNode(GateBench.Client, new Topology("test", gates, []), config);
        Step(new NodeInput.Started(RecoveredLog.Nothing, seed, new BootId(1), new WallTime(1)));
    }

    public ulong Fingerprint
    {
        get
        {
            var fingerprint = default(Fingerprint);
            _client.AddTo(ref fingerprint);
            return fingerprint.Value;
        }
    }

    public void Do(int move)
    {
        if (move is 0 or 1)
        {
            // A job of its own each, so that the call tells which request it belongs to.
            var spec = Specs.Job(name: $"job-{++_requests}");
            Step(new NodeInput.ClientRequested(_requests, _rng.Below(4) switch
            {
                0 => new ClientRequest.SubmitJob(spec),
                1 => new ClientRequest.SubmitJob(spec, KeyGens.Opaque($"key-{_requests}")),
                2 => new ClientRequest.CancelJob(new JobId(0, _requests)),
                _ => new ClientRequest.WatchJob(new JobId(0, _requests), 0),
            }));
        }
        else if (move == 2)
            Pass(Duration.FromMilliseconds(_rng.Below(20_000)));
        else if (move == 3)
            Step(new NodeInput.PeerLost(_rng.Pick(_gates)));
        else if (_calls.Count > 0)
            AnswerOne(move);
    }

    /// <summary>Lets all time pass that there is, and checks that everyone was answered.</summary>
    public void Finish()
    {
        Pass(Duration.FromMinutes(5));
        Assert.Equal(0, _client.Pending);
        Assert.Equal(_requests, _replies.Count);
        Assert.All(_replies.Values, count => Assert.Equal(1, count));
    }

    private void AnswerOne(int move)
    {
        var index = (int)_rng.Below(_calls.Count);
        var (gate, call) = _calls[index];
        _calls.RemoveAt(index);
        if (move == 4)
        {
            _inDoubt.Remove(call);
            Step(new NodeInput.SendFailed(gate, call));
            return;
        }

        ClientResponse response = _rng.Below(4) switch
        {
            0 => new ClientResponse.Unavailable("busy", Duration.FromMilliseconds(_rng.Below(5000))),
            1 => new ClientResponse.OutcomeUnknown("silence"),
            2 => new ClientResponse.Pending(Duration.FromMilliseconds(_rng.Below(5000))),
            _ => new ClientResponse.Accepted(new JobId(0, 1)),
        };
        // Only a submission with a key can be pending.
        var hasKey = call.Request is ClientRequest.SubmitJob { Key: not null };
        if (response is ClientResponse.Pending && !hasKey)
            response = new ClientResponse.Unavailable("busy", Duration.FromSeconds(1));
        if (response is ClientResponse.Unavailable) _inDoubt.Remove(call);
        Step(new NodeInput.Received(gate, new Message.ClientAnswer(call.CallId, response)));
    }

    private void Pass(Duration time)
    {
        var end = _now + time;
        while (_client.NextDeadline <= end)
        {
            _now = Instant.Later(_client.NextDeadline, _now);
            Step(new NodeInput.Tick(new WallTime(1)));
        }

        _now = end;
    }

    private void Step(NodeInput input)
    {
        _outbox.Clear();
        _client.Step(input, _now, _outbox);
        _client.CheckInvariants();
        foreach (var effect in _outbox.Effects)
        {
            if (effect is NodeEffect.Reply reply)
                _replies[reply.RequestId] = _replies.GetValueOrDefault(reply.RequestId) + 1;
            if (effect is not NodeEffect.Send { Message: Message.ClientCall call } send) continue;
            if (call.Request is ClientRequest.SubmitJob { Key: null })
            {
                // Whatever may have arrived must not be sent once more.
                Assert.DoesNotContain(_inDoubt, earlier => earlier.Request == call.Request);
                _inDoubt.Add(call);
            }

            _calls.Add((send.To, call));
        }
    }
}
