using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Tests.Core.Idempotency;

namespace Hyperscale.Det.Tests.Core.Nodes;

public sealed class ClientNodeTests
{
    private static readonly NodeId[] Gates = [NodeId.Of("gate-a"), NodeId.Of("gate-b"), NodeId.Of("gate-c")];
    private static readonly ClientRequest Read = new ClientRequest.GetJob(new JobId(0, 1));
    private static readonly ClientRequest Cancel = new ClientRequest.CancelJob(new JobId(0, 1));
    private static readonly ClientRequest Submit = new ClientRequest.SubmitJob(Specs.Job());
    private static readonly ClientRequest Keyed =
        new ClientRequest.SubmitJob(Specs.Job(), KeyGens.Opaque("order-1"));
    private static readonly ClientResponse NotFound = new ClientResponse.NotFound(new JobId(0, 1));
    private static readonly ClientResponse Busy =
        new ClientResponse.Unavailable("busy", Duration.FromMilliseconds(10));

    private readonly Outbox<NodeEffect> _outbox = new();
    private readonly ClientConfig _config = ClientConfig.Default with { PendingMax = 3 };
    private ClientNode _client;
    private Instant _now = Instant.Zero;
    private NodeVerdict _verdict;

    public ClientNodeTests() => _client = Start(new Topology("test", Gates, []));

    [Fact]
    public void A_request_goes_to_a_gate_and_its_answer_back()
    {
        var (gate, call) = Call(Ask(Submit));
        Assert.Equal((0, Submit), (call.Hops, call.Request));
        var accepted = new ClientResponse.Accepted(new JobId(0, 1));

        Assert.Equal([GateBench.Reply(1, accepted)], Answer(gate, call, accepted));
        Assert.Equal(0, _client.Pending);
        Assert.Equal(Instant.Never, _client.NextDeadline);
        Assert.Empty(Answer(gate, call, accepted));
        Assert.Equal(NodeVerdict.Stale, _verdict);
    }

    [Fact]
    public void What_only_reads_is_asked_of_the_next_gate_when_the_first_is_silent()
    {
        var (first, call) = Call(Ask(Read));
        Assert.Empty(Pass(_config.CallDeadline - Duration.FromNanoseconds(1)));
        var (second, again) = Call(Pass(Duration.FromNanoseconds(1) + _config.BackoffMin));
        Assert.NotEqual(first, second);
        Assert.NotEqual(call.CallId, again.CallId);

        Assert.Empty(Answer(first, call, NotFound));
        Assert.Equal(NodeVerdict.Stale, _verdict);
        Assert.Equal([GateBench.Reply(1, NotFound)], Answer(second, again, NotFound));
    }

    [Fact]
    public void A_cancellation_is_asked_again_too_and_is_unknown_when_nobody_answers()
    {
        Ask(Cancel);
        var effects = Pass(_config.GiveUpAfter);

        Assert.Equal(2, GateBench.SentIn(effects).Count() + 1);
        var reply = Assert.Single(effects.OfType<NodeEffect.Reply>()).Response;
        Assert.IsType<ClientResponse.OutcomeUnknown>(reply);
        Assert.Equal(Instant.Never, _client.NextDeadline);
    }

    [Fact]
    public void What_only_reads_is_unavailable_when_nobody_answers()
    {
        Ask(Read);
        var effects = Pass(_config.GiveUpAfter);

        var reply = Assert.IsType<ClientResponse.Unavailable>(
            Assert.Single(effects.OfType<NodeEffect.Reply>()).Response);
        Assert.Matches("gate-[abc] did not answer in time", reply.Reason);
    }

    [Fact]
    public void A_submission_without_an_answer_is_unknown_and_never_sent_again()
    {
        var (gate, call) = Call(Ask(Submit));
        Assert.Empty(When(new NodeInput.PeerLost(gate)));
        var effects = Pass(_config.CallDeadline);

        Assert.Equal(
            [GateBench.Reply(1, new ClientResponse.OutcomeUnknown($"{gate} did not answer in time"))],
            effects);
        Assert.Empty(Answer(gate, call, new ClientResponse.Accepted(new JobId(0, 1))));
        Assert.Empty(Pass(_config.GiveUpAfter));
    }

    [Fact]
    public void A_submission_with_a_key_is_sent_again_in_doubt_and_names_the_same_key()
    {
        var (first, call) = Call(Ask(Keyed));
        When(new NodeInput.PeerLost(first));
        var (second, again) = Call(Pass(_config.BackoffMin));
        Assert.NotEqual(first, second);
        Assert.Equal(call.Request, again.Request);

        var (third, last) = Call(Pass(_config.CallDeadline + (_config.BackoffMin * 2)));
        Assert.NotEqual(second, third);
        Assert.Equal(Keyed, last.Request);
        var accepted = new ClientResponse.Accepted(new JobId(0, 1), true, true);
        Assert.Equal([GateBench.Reply(1, accepted)], Answer(third, last, accepted));
    }

    [Fact]
    public void A_pending_submission_is_asked_for_again_when_the_gate_says_and_is_unknown_in_the_end()
    {
        var (gate, call) = Call(Ask(Keyed));
        var wait = Duration.FromSeconds(2);
        Assert.Empty(Answer(gate, call, new ClientResponse.Pending(wait)));
        Assert.Empty(Pass(wait - Duration.FromNanoseconds(1)));
        var (next, again) = Call(Pass(Duration.FromNanoseconds(1)));
        Answer(next, again, new ClientResponse.Pending(_config.GiveUpAfter));

        Assert.IsType<ClientResponse.OutcomeUnknown>(
            Assert.Single(_outbox.Effects.OfType<NodeEffect.Reply>()).Response);
    }

    [Fact]
    public void An_answer_over_a_new_connection_still_counts_for_a_submission()
    {
        var (gate, call) = Call(Ask(Submit));
        When(new NodeInput.PeerLost(gate));
        var accepted = new ClientResponse.Accepted(new JobId(0, 1));

        Assert.Equal([GateBench.Reply(1, accepted)], Answer(gate, call, accepted));
    }

    [Fact]
    public void A_submission_that_never_left_or_was_turned_away_is_sent_to_another_gate()
    {
        var (first, call) = Call(Ask(Submit));
        When(new NodeInput.SendFailed(first, call));
        var (second, again) = Call(Pass(_config.BackoffMin));
        Assert.NotEqual(first, second);
        Answer(second, again, Busy);
        var (third, last) = Call(Pass(_config.BackoffMin * 2));
        Assert.Equal(3, new[] { first, second, third }.Distinct().Count());
        Assert.Equal(3, new[] { call.CallId, again.CallId, last.CallId }.Distinct().Count());

        // That one may have arrived: from here on the outcome can be unknown.
        Assert.IsType<ClientResponse.OutcomeUnknown>(
            Assert.Single(Pass(_config.CallDeadline).OfType<NodeEffect.Reply>()).Response);
    }

    [Fact]
    public void A_gate_that_does_not_know_the_outcome_of_a_submission_is_believed()
    {
        var (gate, call) = Call(Ask(Submit));
        var unknown = new ClientResponse.OutcomeUnknown("no answer");

        Assert.Equal([GateBench.Reply(1, unknown)], Answer(gate, call, unknown));
    }

    [Fact]
    public void A_gate_that_does_not_know_the_outcome_of_a_cancellation_is_one_of_several()
    {
        var (gate, call) = Call(Ask(Cancel));
        Assert.DoesNotContain(
            Answer(gate, call, new ClientResponse.OutcomeUnknown("no answer")), e => e is NodeEffect.Reply);
        var (next, again) = Call(Pass(_config.BackoffMin));
        Assert.NotEqual(gate, next);
        // The first may have carried it out, whatever the others say.
        Answer(next, again, new ClientResponse.Unavailable("down", Duration.FromMinutes(1)));

        Assert.IsType<ClientResponse.OutcomeUnknown>(
            Assert.Single(_outbox.Effects.OfType<NodeEffect.Reply>()).Response);
    }

    [Fact]
    public void A_request_that_every_gate_turns_away_is_told_what_they_said()
    {
        var effects = Ask(Submit);
        var calls = 0;
        while (effects.OfType<NodeEffect.Reply>().SingleOrDefault() is null)
        {
            var (gate, call) = Call(effects);
            calls++;
            effects = Answer(gate, call, Busy);
            while (effects.Count == 0) effects = Pass(_client.NextDeadline - _now);
        }

        Assert.Equal([GateBench.Reply(1, Busy)], effects);
        // Half of the longest backoff on average, and far less in the beginning.
        Assert.InRange(calls, 8, 60);
        Assert.True(_now <= Instant.Zero + _config.GiveUpAfter);
    }

    [Fact]
    public void A_gate_is_not_asked_again_before_it_said()
    {
        var (gate, call) = Call(Ask(Read));
        Answer(gate, call, new ClientResponse.Unavailable("busy", Duration.FromSeconds(3)));

        Assert.Empty(Pass(Duration.FromSeconds(3) - Duration.FromNanoseconds(1)));
        Call(Pass(Duration.FromNanoseconds(1)));
    }

    [Fact]
    public void A_lost_connection_moves_what_may_be_repeated_to_the_next_gate()
    {
        var (gate, _) = Call(Ask(Read));
        When(new NodeInput.PeerLost(Gates.First(other => other != gate)));
        Assert.Empty(Pass(_config.BackoffMin));
        When(new NodeInput.PeerLost(gate));
        var (next, _) = Call(Pass(_config.BackoffMin));

        Assert.NotEqual(gate, next);
    }

    [Fact]
    public void A_watch_may_take_twice_as_long()
    {
        Ask(new ClientRequest.WatchJob(new JobId(0, 1), 0));
        Assert.Empty(Pass((_config.CallDeadline * 2) - Duration.FromNanoseconds(1)));
        Call(Pass(Duration.FromNanoseconds(1) + _config.BackoffMin));
    }

    [Fact]
    public void More_requests_than_allowed_and_a_cluster_without_gates_are_turned_away()
    {
        for (var i = 1; i <= 3; i++) Ask(Read, i);
        var reply = Assert.Single(Ask(Read, 4).OfType<NodeEffect.Reply>());
        Assert.Equal(4, reply.RequestId);
        Assert.IsType<ClientResponse.Unavailable>(reply.Response);
        Assert.Equal(NodeVerdict.Overloaded, _verdict);

        _client = Start(new Topology("test", [], []));
        reply = Assert.Single(Ask(Read).OfType<NodeEffect.Reply>());
        Assert.IsType<ClientResponse.Unavailable>(reply.Response);
    }

    [Fact]
    public void An_answer_from_a_gate_that_was_not_asked_is_ignored()
    {
        var (gate, call) = Call(Ask(Read));
        var other = Gates.First(g => g != gate);

        Assert.Equal(
            [GateBench.Tell(new TelemetryEvent.Ignored(other, "ClientAnswer", "Unknown"))],
            Answer(other, call, NotFound));
        Assert.Equal(1, _client.Pending);
    }

    [Fact]
    public void A_client_that_stops_tells_every_caller_the_truth()
    {
        Ask(Read, 1);
        Ask(Submit, 2);
        var effects = When(new NodeInput.Shutdown());

        Assert.IsType<ClientResponse.Unavailable>(((NodeEffect.Reply)effects[0]).Response);
        Assert.IsType<ClientResponse.OutcomeUnknown>(((NodeEffect.Reply)effects[1]).Response);
        Assert.Equal(0, _client.Pending);
    }

    [Fact]
    public void What_is_not_for_clients_is_refused()
    {
        var call = new Message.ClientCall(1, 0, Read);
        When(new NodeInput.Received(Gates[0], call));
        Assert.Equal(NodeVerdict.Misdirected, _verdict);
        When(new NodeInput.Durable(1));
        Assert.Equal(NodeVerdict.Misdirected, _verdict);
        When(new NodeInput.SendFailed(Gates[0], new Message.ClientAnswer(1, NotFound)));
        Assert.Equal(NodeVerdict.Unknown, _verdict);
        When(new NodeInput.SendFailed(Gates[0], call));
        Assert.Equal(NodeVerdict.Stale, _verdict);
    }

    [Fact]
    public void Every_request_is_answered_once_and_no_submission_is_sent_again_while_in_doubt() =>
        Gen.Select(Gen.ULong, Gen.Int[0, 6].List[0, 60]).Sample((seed, moves) =>
        {
            var first = new ClientStorm(seed, Gates, _config);
            var second = new ClientStorm(seed, Gates, _config);
            foreach (var move in moves)
            {
                first.Do(move);
                second.Do(move);
                Assert.Equal(first.Fingerprint, second.Fingerprint);
            }

            first.Finish();
        });

    private ClientNode Start(Topology topology)
    {
        _client = new ClientNode(GateBench.Client, topology, _config);
        When(new NodeInput.Started(
            Hyperscale.Det.Durability.RecoveredLog.Nothing, 3, new BootId(1), new WallTime(1)));
        return _client;
    }

    private IReadOnlyList<NodeEffect> When(NodeInput input)
    {
        _outbox.Clear();
        _verdict = _client.Step(input, _now, _outbox);
        _client.CheckInvariants();
        return [.. _outbox.Effects];
    }

    private IReadOnlyList<NodeEffect> Ask(ClientRequest request, long requestId = 1) =>
        When(new NodeInput.ClientRequested(requestId, request));

    private IReadOnlyList<NodeEffect> Answer(NodeId gate, Message.ClientCall call, ClientResponse response) =>
        When(new NodeInput.Received(gate, new Message.ClientAnswer(call.CallId, response)));

    private List<NodeEffect> Pass(Duration time)
    {
        var effects = new List<NodeEffect>();
        var end = _now + time;
        while (_client.NextDeadline <= end)
        {
            _now = Instant.Later(_client.NextDeadline, _now);
            effects.AddRange(When(new NodeInput.Tick(new WallTime(1))));
        }

        _now = end;
        return effects;
    }

    private static (NodeId Gate, Message.ClientCall Call) Call(IEnumerable<NodeEffect> effects)
    {
        var (gate, message) = Assert.Single(GateBench.SentIn(effects));
        return (gate, Assert.IsType<Message.ClientCall>(message));
    }
}
