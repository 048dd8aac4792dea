using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>What a gate asks of the gates that own the ledger groups.</summary>
public sealed class GateForwardingTests
{
    private static readonly Topology OneGroup = GateBench.TwoGates with { LedgerGroups = 1 };

    private readonly NodeId _owner = OneGroup.ReplicasOfGroup(0)[0];
    private readonly GateBench _bench;

    public GateForwardingTests() =>
        _bench = new GateBench(OneGroup, id: OneGroup.Gates.Single(gate => gate != _owner));

    [Fact]
    public void A_gate_that_owns_no_group_passes_a_submission_on_and_its_answer_back()
    {
        var request = new ClientRequest.SubmitJob(Specs.Job());
        var call = Call(_bench.Ask(request, requestId: 4));
        Assert.Equal((1, (ClientRequest)request), (call.Hops, call.Request));
        Assert.Equal(NodeVerdict.Misdirected, _bench.Verdict);
        var accepted = new ClientResponse.Accepted(new JobId(0, 1));

        Assert.Equal([GateBench.Reply(4, accepted)], Answer(call, accepted));
        // The same answer again, from anywhere, is nobody's.
        Assert.Empty(Answer(call, accepted));
        Assert.Equal(NodeVerdict.Stale, _bench.Verdict);
    }

    [Fact]
    public void A_request_for_a_job_goes_to_the_owner_of_its_group_and_back_to_the_node_that_asked()
    {
        var request = new ClientRequest.GetJob(new JobId(0, 7));
        var effects = _bench.Receive(GateBench.Client, new Message.ClientCall(77, 1, request));
        var call = Call(effects);
        Assert.Equal((2, (ClientRequest)request), (call.Hops, call.Request));
        var response = new ClientResponse.NotFound(new JobId(0, 7));

        Assert.Equal(
            [GateBench.Send(GateBench.Client, new Message.ClientAnswer(77, response))],
            Answer(call, response));
    }

    [Fact]
    public void An_answer_from_a_gate_that_was_not_asked_is_not_passed_on()
    {
        var call = Call(_bench.Ask(new ClientRequest.GetJob(new JobId(0, 7))));
        var answer = new Message.ClientAnswer(call.CallId, new ClientResponse.NotFound(new JobId(0, 7)));

        Assert.Empty(_bench.Receive(GateBench.Client, answer));
        Assert.Equal(NodeVerdict.Stale, _bench.Verdict);
    }

    [Fact]
    public void A_request_that_was_passed_on_too_often_stops_here()
    {
        var request = new ClientRequest.GetJob(new JobId(0, 7));
        var effects = _bench.Receive(GateBench.Client, new Message.ClientCall(77, 3, request));

        var answer = Assert.IsType<Message.ClientAnswer>(Assert.Single(GateBench.SentIn(effects)).Message);
        Assert.IsType<ClientResponse.Unavailable>(answer.Response);
        _bench.Receive(GateBench.Client, new Message.ClientCall(78, int.MaxValue, request));
        Assert.Equal(NodeVerdict.Overloaded, _bench.Verdict);
    }

    [Fact]
    public void A_group_that_there_is_not_has_no_jobs()
    {
        var job = new JobId(9, 1);
        Assert.Equal(
            [GateBench.Reply(1, new ClientResponse.NotFound(job))],
            _bench.Ask(new ClientRequest.CancelJob(job)));
        Assert.Equal(NodeVerdict.Unknown, _bench.Verdict);
    }

    [Fact]
    public void Silence_means_unknown_for_what_changes_something_and_unavailable_for_the_rest()
    {
        _bench.Ask(new ClientRequest.SubmitJob(Specs.Job()), requestId: 1);
        _bench.Ask(new ClientRequest.CancelJob(new JobId(0, 1)), requestId: 2);
        _bench.Ask(new ClientRequest.GetJob(new JobId(0, 1)), requestId: 3);
        _bench.Ask(new ClientRequest.WatchJob(new JobId(0, 1), 0), requestId: 4);
        _bench.Forget();
        _bench.Pass(_bench.Config.ForwardDeadline - Duration.FromNanoseconds(1));
        Assert.Empty(_bench.Replies);
        _bench.Pass(Duration.FromNanoseconds(1));

        var reason = $"{_owner} did not answer within 5s";
        Assert.Equal(
            [
                GateBench.Reply(1, new ClientResponse.OutcomeUnknown(reason)),
                GateBench.Reply(2, new ClientResponse.OutcomeUnknown(reason)),
                GateBench.Reply(3, new ClientResponse.Unavailable(reason, Duration.FromSeconds(1))),
            ],
            _bench.History);
        // A watch is answered when something changes, so it may take as much longer.
        _bench.Pass(_bench.Config.WatchDeadline);
        Assert.Equal(4, _bench.History.OfType<NodeEffect.Reply>().Last().RequestId);
        _bench.Forget();
        _bench.Pass(Duration.FromMinutes(1));
        Assert.Empty(_bench.History);
    }

    [Fact]
    public void What_never_left_was_not_done()
    {
        var call = Call(_bench.Ask(new ClientRequest.SubmitJob(Specs.Job()), requestId: 1));
        Assert.Empty(_bench.When(new NodeInput.SendFailed(_owner, call)));
        Assert.Empty(_bench.When(new NodeInput.SendFailed(_owner, call)));
        Assert.Equal(NodeVerdict.Stale, _bench.Verdict);

        // So it is tried again, as a call of its own, for as long as the client was promised.
        var tries = 0;
        for (; !_bench.Replies.Any() && tries < 100; tries++)
        {
            _bench.Forget();
            _bench.Pass(_bench.Config.ResendInterval);
            foreach (var (_, again) in _bench.Sent.ToList())
            {
                Assert.Equal(call.Request, Assert.IsType<Message.ClientCall>(again).Request);
                _bench.When(new NodeInput.SendFailed(_owner, again));
            }
        }

        Assert.Equal(10, tries);
        Assert.IsType<ClientResponse.Unavailable>(Assert.Single(_bench.Replies));
    }

    [Fact]
    public void A_lost_connection_repeats_what_may_be_repeated_and_no_submission()
    {
        _bench.Ask(new ClientRequest.SubmitJob(Specs.Job()), requestId: 1);
        var cancel = Call(_bench.Ask(new ClientRequest.CancelJob(new JobId(0, 1)), requestId: 2));
        // Not at once: where nobody can be reached that would never end.
        Assert.Empty(_bench.When(new NodeInput.PeerLost(_owner)));
        _bench.Forget();
        _bench.Pass(_bench.Config.ResendInterval);
        var again = Assert.IsType<Message.ClientCall>(Assert.Single(_bench.Sent).Message);
        Assert.Equal(cancel.Request, again.Request);
        Assert.NotEqual(cancel.CallId, again.CallId);

        // The answer to the first one is of no interest any more.
        Assert.Empty(Answer(cancel, new ClientResponse.NotFound(new JobId(0, 1))));
        Assert.Equal(
            [GateBench.Reply(2, new ClientResponse.NotFound(new JobId(0, 1)))],
            Answer(again, new ClientResponse.NotFound(new JobId(0, 1))));
    }

    [Fact]
    public void A_submission_that_arrives_twice_is_carried_out_once_and_answered_twice()
    {
        var bench = new GateBench();
        var call = new Message.ClientCall(77, 0, new ClientRequest.SubmitJob(Specs.Job()));
        bench.IsDiskFast = false;
        bench.Receive(GateBench.Client, call);
        bench.Receive(GateBench.Client, call);
        Assert.Equal(NodeVerdict.Duplicate, bench.Verdict);
        bench.IsDiskFast = true;
        bench.Persist();
        bench.Receive(GateBench.Client, call);

        Assert.Equal(1, bench.Gate.Ledger.Count);
        var accepted = new ClientResponse.Accepted(new JobId(0, 2));
        var answer = (GateBench.Client, new Message.ClientAnswer(77, accepted));
        Assert.Equal(2, bench.Sent.Count(sent => sent == answer));
        // The same number of another node, and another number, are other submissions.
        bench.Receive(GateBench.GateB, call);
        bench.Receive(GateBench.Client, call with { CallId = 78 });
        Assert.Equal(3, bench.Gate.Ledger.Count);
    }

    [Fact]
    public void A_submission_that_is_passed_on_and_arrives_twice_is_passed_on_once()
    {
        var submission = new Message.ClientCall(77, 0, new ClientRequest.SubmitJob(Specs.Job()));
        var call = Call(_bench.Receive(GateBench.Client, submission));
        Assert.Empty(_bench.Receive(GateBench.Client, submission));
        var accepted = new ClientResponse.Accepted(new JobId(0, 1));
        Answer(call, accepted);

        Assert.Equal(
            [GateBench.Send(GateBench.Client, new Message.ClientAnswer(77, accepted))],
            _bench.Receive(GateBench.Client, submission));
    }

    [Fact]
    public void Call_numbers_of_one_life_are_not_those_of_another()
    {
        var first = Call(_bench.Ask(new ClientRequest.GetJob(new JobId(0, 1))));
        var second = Call(_bench.Ask(new ClientRequest.GetJob(new JobId(0, 1)), requestId: 2));
        _bench.Restart();
        var third = Call(_bench.Ask(new ClientRequest.GetJob(new JobId(0, 1))));

        Assert.Equal(first.CallId + 1, second.CallId);
        Assert.True(Math.Abs(third.CallId - first.CallId) > 1_000_000);
    }

    [Fact]
    public void A_draw_that_left_no_other_trace_is_part_of_the_fingerprint()
    {
        var other = new GateBench(OneGroup, id: _bench.Id);
        Assert.Equal(other.Fingerprint, _bench.Fingerprint);
        // The owner of a submission is drawn, that of a job is known; else both leave the same behind.
        Answer(Call(_bench.Ask(new ClientRequest.SubmitJob(Specs.Job()))), new ClientResponse.Invalid([]));
        var call = Call(other.Ask(new ClientRequest.GetJob(new JobId(0, 1))));
        other.Receive(_owner, new Message.ClientAnswer(call.CallId, new ClientResponse.Invalid([])));

        Assert.NotEqual(other.Fingerprint, _bench.Fingerprint);
    }

    [Fact]
    public void Jobs_are_listed_over_all_gates_newest_first()
    {
        var bench = new GateBench(GateBench.TwoGates);
        var own = bench.Submit(Specs.Job(name: "own"));
        var call = Call(
            bench.Ask(new ClientRequest.ListJobs(2, LocalOnly: false), requestId: 5), GateBench.GateB);
        Assert.Equal(new ClientRequest.ListJobs(2, LocalOnly: true), call.Request);
        List<int> ledByOther = [.. Enumerable.Range(0, 8).Except(bench.Gate.LedGroups)];
        var newest = new JobSummary(new JobId(0, 2), "new", JobState.Running, "", new WallTime(9_000_000));
        var oldest = newest with { Id = new JobId(0, 1), Submitted = new WallTime(1) };
        var effects = bench.Receive(
            GateBench.GateB,
            new Message.ClientAnswer(
                call.CallId, new ClientResponse.Jobs([newest, oldest], []) { Led = ledByOther }));

        var jobs = Assert.IsType<ClientResponse.Jobs>(
            Assert.Single(effects.OfType<NodeEffect.Reply>()).Response);
        Assert.Equal([newest.Id, own], jobs.List.Select(job => job.Id));
        Assert.Empty(jobs.Missing);
    }

    [Theory]
    [InlineData("silence")]
    [InlineData("send failed")]
    [InlineData("unavailable")]
    [InlineData("shutdown")]
    public void Gates_that_do_not_answer_are_named_in_the_list(string why)
    {
        var bench = new GateBench(GateBench.TwoGates);
        var own = bench.Submit(Specs.Job());
        var call = Call(
            bench.Ask(new ClientRequest.ListJobs(10, LocalOnly: false), requestId: 5), GateBench.GateB);
        bench.Forget();
        if (why == "silence") bench.Pass(bench.Config.ForwardDeadline);
        if (why == "shutdown") bench.When(new NodeInput.Shutdown());
        if (why == "send failed") bench.When(new NodeInput.SendFailed(GateBench.GateB, call));
        if (why == "unavailable")
            bench.Receive(GateBench.GateB, new Message.ClientAnswer(
                call.CallId, new ClientResponse.Unavailable("busy", Duration.FromSeconds(1))));

        var jobs = Assert.IsType<ClientResponse.Jobs>(Assert.Single(bench.Replies));
        Assert.Equal([own], jobs.List.Select(job => job.Id));
        Assert.Equal(
            [
                "gate-b",
                .. Enumerable.Range(0, 8).Except(bench.Gate.LedGroups)
                    .Select(group => $"ledger group {group}"),
            ],
            jobs.Missing);
    }

    [Fact]
    public void A_local_list_asks_nobody()
    {
        var bench = new GateBench(GateBench.TwoGates);
        var first = bench.Submit(Specs.Job());
        bench.Pass(Duration.FromSeconds(1));
        var second = bench.Submit(Specs.Job());
        bench.Forget();
        bench.Ask(new ClientRequest.ListJobs(1, LocalOnly: true));
        bench.Ask(new ClientRequest.ListJobs(0, LocalOnly: true));
        bench.Ask(new ClientRequest.ListJobs(int.MaxValue, LocalOnly: true));

        Assert.Empty(bench.Sent);
        Assert.Equal(
            [[second], [second], [second, first]],
            bench.Replies.Select(reply => ((ClientResponse.Jobs)reply).List.Select(job => job.Id).ToArray()));
    }

    [Fact]
    public void Submissions_are_spread_over_the_groups_that_the_gate_owns()
    {
        var bench = new GateBench(GateBench.TwoGates);
        var groups = Enumerable.Range(0, 60).Select(_ => bench.Submit(Specs.Job()).Group).Distinct().Order();

        Assert.Equal(
            Enumerable.Range(0, 8)
                .Where(group => GateBench.TwoGates.ReplicasOfGroup(group)[0] == GateBench.GateA),
            groups);
    }

    private Message.ClientCall Call(IReadOnlyList<NodeEffect> effects) => Call(effects, _owner);

    private static Message.ClientCall Call(IReadOnlyList<NodeEffect> effects, NodeId to)
    {
        var (target, message) = Assert.Single(GateBench.SentIn(effects));
        Assert.Equal(to, target);
        return Assert.IsType<Message.ClientCall>(message);
    }

    private IReadOnlyList<NodeEffect> Answer(Message.ClientCall call, ClientResponse response) =>
        _bench.Receive(_owner, new Message.ClientAnswer(call.CallId, response));
}
