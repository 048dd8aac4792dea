using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Tests.Core.Idempotency;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>Submissions with a key over three gates that keep the ledger together (AD-40).</summary>
public sealed class GateKeyTrioTests
{
    private static readonly IdempotencyKey Key = KeyGens.Opaque("order-1");

    private readonly GateTrio _trio = new();

    [Fact]
    public void Submissions_of_a_key_at_all_gates_at_once_are_one_job_and_every_answer_names_it()
    {
        var ids = GateTrio.Gates.Concat(GateTrio.Gates).Select(gate => _trio.Submit(gate, Key)).ToList();
        _trio.Pass(Duration.FromSeconds(1));

        var answers = ids.Select(id => Assert.IsType<ClientResponse.Accepted>(_trio.ReplyTo(id))).ToList();
        var job = Assert.Single(answers.Select(answer => answer.Job).Distinct());
        Assert.Single(answers, answer => !answer.WasDuplicate);
        Assert.All(answers, answer => Assert.Equal(answer.WasDuplicate ? job : null, answer.OriginalJob));
        foreach (var gate in GateTrio.Gates) Assert.Equal(job, Assert.Single(_trio.LedgerOf(gate).All).Id);
    }

    [Fact]
    public void A_gate_that_passed_a_submission_on_answers_its_repeats_itself()
    {
        var other = _trio.AnotherThan(_trio.PrimaryOf(0));
        _trio.Submit(other, Key);
        _trio.Pass(Duration.FromSeconds(1));
        _trio.Crash(_trio.PrimaryOf(0));

        var repeat = Assert.IsType<ClientResponse.Accepted>(_trio.ReplyTo(_trio.Submit(other, Key)));
        Assert.True(repeat.WasDuplicate);
        var otherPayload = _trio.Submit(other, Key, Specs.Job(name: "other"));
        Assert.IsType<ClientResponse.KeyReused>(_trio.ReplyTo(otherPayload));
    }

    [Fact]
    public void A_pending_key_is_called_reused_under_a_lease_only()
    {
        _trio.IsDatacenterSilent = true;
        var primary = _trio.PrimaryOf(0);
        _trio.Submit(primary, Key);
        var other = Specs.Job(name: "other");
        Assert.IsType<ClientResponse.KeyReused>(_trio.ReplyTo(_trio.Submit(primary, Key, other)));

        _trio.CutOff = primary;
        _trio.Pass(Duration.FromSeconds(5));
        var asked = _trio.Submit(primary, Key, other);
        Assert.DoesNotContain(_trio.Replies, reply => reply.Id == asked);
        _trio.Pass(Duration.FromSeconds(6));
        Assert.IsType<ClientResponse.Unavailable>(_trio.ReplyTo(asked));
    }

    [Fact]
    public void What_a_job_is_at_is_told_under_a_lease_only()
    {
        var primary = _trio.PrimaryOf(0);
        var job = Assert.IsType<ClientResponse.Accepted>(_trio.ReplyTo(_trio.Submit(primary, Key))).Job;
        var get = new ClientRequest.GetJob(job);
        Assert.IsType<ClientResponse.Status>(_trio.ReplyTo(_trio.Ask(primary, get)));

        _trio.CutOff = primary;
        _trio.Pass(Duration.FromSeconds(5));
        var asked = _trio.Ask(primary, get);
        _trio.Pass(Duration.FromSeconds(6));
        Assert.IsType<ClientResponse.Unavailable>(_trio.ReplyTo(asked));
    }

    [Fact]
    public void The_source_gate_is_the_one_that_the_client_asked()
    {
        var primary = _trio.PrimaryOf(0);
        var other = _trio.AnotherThan(primary);
        _trio.Submit(other, Key);
        Assert.Equal(other, _trio.LedgerOf(primary).Look(0, Key).Entry!.SourceGate);
    }

    [Fact]
    public void The_next_primary_drives_a_pending_job_on_and_a_repeat_there_waits_for_it()
    {
        _trio.IsDatacenterSilent = true;
        var first = _trio.PrimaryOf(0);
        var other = _trio.AnotherThan(first);
        var asked = _trio.Submit(other, Key);
        _trio.Pass(Duration.FromSeconds(1));
        _trio.Crash(first);
        _trio.Pass(Duration.FromSeconds(20));
        Assert.DoesNotContain(_trio.Replies, reply => reply.Response is ClientResponse.Accepted);

        var repeat = _trio.Submit(_trio.AnotherThan(first), Key);
        _trio.IsDatacenterSilent = false;
        _trio.Pass(Duration.FromSeconds(10));
        var next = _trio.PrimaryOf(0);
        Assert.NotEqual(first, next);
        var job = Assert.Single(_trio.LedgerOf(next).All).Id;
        Assert.Equal(new ClientResponse.Accepted(job, true, true), _trio.ReplyTo(repeat));
        // Whoever asked before the change was passed on again, or knows that it does not know.
        Assert.True(
            _trio.ReplyTo(asked) is ClientResponse.OutcomeUnknown
            || _trio.ReplyTo(asked).Equals(new ClientResponse.Accepted(job, true, true)));
    }

    [Fact]
    public void A_settled_key_is_answered_by_the_next_primary_and_after_all_have_started_again()
    {
        var first = _trio.PrimaryOf(0);
        var job = Assert.IsType<ClientResponse.Accepted>(_trio.ReplyTo(_trio.Submit(first, Key))).Job;
        _trio.Crash(first);
        _trio.Pass(Duration.FromSeconds(20));
        var repeat = _trio.Submit(_trio.PrimaryOf(0), Key);
        Assert.Equal(new ClientResponse.Accepted(job, true, true), _trio.ReplyTo(repeat));

        foreach (var gate in GateTrio.Gates) if (gate != first) _trio.Crash(gate);
        foreach (var gate in GateTrio.Gates) _trio.Start(gate);
        _trio.Pass(Duration.FromSeconds(20));
        foreach (var gate in GateTrio.Gates)
        {
            var again = _trio.Submit(gate, Key);
            _trio.Pass(Duration.FromSeconds(1));
            Assert.Equal(new ClientResponse.Accepted(job, true, true), _trio.ReplyTo(again));
        }
    }

    [Fact]
    public void A_primary_that_is_cut_off_in_the_middle_promises_nothing_that_is_not_true()
    {
        _trio.IsDatacenterSilent = true;
        var first = _trio.PrimaryOf(0);
        // Both backups are gone: the entry can not be committed.
        foreach (var gate in GateTrio.Gates) if (gate != first) _trio.Crash(gate);
        var asked = _trio.Submit(first, Key);
        _trio.Pass(GateConfig.Default.Idempotency.PendingWaitTimeout);
        Assert.IsNotType<ClientResponse.Accepted>(_trio.ReplyTo(asked));

        foreach (var gate in GateTrio.Gates) if (gate != first) _trio.Start(gate);
        _trio.IsDatacenterSilent = false;
        _trio.Pass(Duration.FromSeconds(30));
        var answers = GateTrio.Gates.Select(gate => _trio.Submit(gate, Key)).ToList();
        _trio.Pass(Duration.FromSeconds(5));
        var jobs = answers.Select(id => Assert.IsType<ClientResponse.Accepted>(_trio.ReplyTo(id)).Job);
        Assert.Single(jobs.Distinct());
    }
}
