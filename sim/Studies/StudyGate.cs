using System.Diagnostics;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Routing;

namespace Hyperscale.Det.Sim.Studies;

/// <summary>A gate of the study: what gates know of datacenters and what they do about a silent one, with a
/// policy that may be another than theirs.</summary>
internal sealed class StudyGate
{
    private static readonly GateConfig Config = GateConfig.Default;
    private static readonly Duration NoneLeftRetry = Duration.FromSeconds(1);

    private readonly StudyWorld _world;
    private readonly int _index;
    private readonly RoutingPolicy _policy;
    private readonly DatacenterBoard _board = new(StudyModel.Cluster, Config.ManagerStaleness);
    private readonly DatacenterRouting _routing;
    private Instant _tellAt = Instant.Never;

    public StudyGate(StudyWorld world, int index, RoutingPolicy policy)
    {
        (_world, _index, _policy) = (world, index, policy);
        Id = StudyModel.Cluster.Gates[index];
        _routing = new DatacenterRouting(StudyModel.Cluster, Config, _board);
        _routing.Start(Id, new BootId(1), world.Model.Seed, Instant.Zero);
    }

    public NodeId Id { get; }

    /// <summary>Takes a heartbeat; gives the echo of one that counts.</summary>
    public Message.HeartbeatEchoed? OnHeartbeat(NodeId manager, Message.ManagerHeartbeat heartbeat)
    {
        if (_board.OnHeartbeat(manager, heartbeat, _world.Now) != NodeVerdict.Accepted) return null;
        var echo = _routing.OnHeartbeat(manager, heartbeat, _world.Now);
        PlanTelling();
        return echo;
    }

    public void Submit(StudyWork work)
    {
        var deadline = _world.Now + work.Job.Duration + Config.DefaultDeadlineAllowance;
        _world.At(deadline, "deadline", () => OnDeadline(work));
        Route(work);
    }

    public void OnAnswered(StudyAttempt attempt, StudyCall call, NodeId manager)
    {
        _routing.OnAnswered(manager, _world.Now);
        if (!attempt.IsCurrent || attempt.Call != call) return;
        attempt.Call = call == StudyCall.Reserve ? StudyCall.Start : StudyCall.None;
        attempt.Sent = 0;
        Ask(attempt, attempt.Call);
    }

    public void OnResult(StudyAttempt attempt, NodeId manager)
    {
        _routing.OnAnswered(manager, _world.Now);
        if (!attempt.IsCurrent) return;
        _routing.OnReported(
            attempt.Work.Id, 0, NameOf(attempt), SlotState.Completed, _world.Now);
        PlanTelling();
        _world.Log.Completed(attempt, _world.Now);
        End(attempt.Work);
    }

    public void CheckInvariants() => _routing.CheckInvariants();

    private void Route(StudyWork work)
    {
        if (work.IsEnded) return;
        var spec = work.Spec;
        var chosen = _policy == RoutingPolicy.Ours
            ? RouteOurs(work)
            : Pick(work, _routing.Preview(DatacenterRouting.RequestOf(spec), _world.Now));
        if (chosen is null)
        {
            // The client tries again.
            _world.At(_world.Now + NoneLeftRetry, "retry", () => Route(work));
            return;
        }

        _world.Log.Routed(work, PlaceOf(chosen), _world.Now);
        Assign(work, chosen);
    }

    private string? RouteOurs(StudyWork work)
    {
        var decision = _routing.Route(work.Spec, _world.Now, out _);
        _world.Log.Decided(decision);
        return decision.Primaries.FirstOrDefault();
    }

    /// <summary>What a policy that is not the gates' takes of the eligible datacenters.</summary>
    private string? Pick(StudyWork work, RoutingDecision decision)
    {
        var eligible = decision.Ranking
            .Where(score => work.Refusals.All(refusal => refusal.Datacenter != score.Datacenter))
            .OrderBy(score => score.Datacenter, StringComparer.Ordinal)
            .ToList();
        if (eligible.Count == 0) return null;
        var rng = Rng.Stream(
            _world.Model.Seed, "study-random", n: ((ulong)work.Job.Number << 8) + (ulong)work.Refusals.Count);
        return _policy switch
        {
            RoutingPolicy.NearestRtt => eligible.MinBy(score => score.PredictedRttMs).Datacenter,
            RoutingPolicy.LeastLoaded => eligible.MinBy(score => score.Utilization).Datacenter,
            RoutingPolicy.Random => rng.Pick(eligible).Datacenter,
            RoutingPolicy.Ours => throw new UnreachableException("the router decides"),
        };
    }

    private void Assign(StudyWork work, string datacenter)
    {
        work.Attempt = new StudyAttempt(work, PlaceOf(datacenter), _world.Now);
        Ask(work.Attempt, StudyCall.Reserve);
    }

    /// <summary>Asks until there is an answer; a reservation that nobody answers goes elsewhere, as in the
    /// gates, once nothing was heard of the datacenter for long enough.</summary>
    private void Ask(StudyAttempt attempt, StudyCall call)
    {
        if (call == StudyCall.None || !attempt.IsCurrent || attempt.Call != call) return;
        var now = _world.Now;
        if (call == StudyCall.Reserve && now - attempt.AskedAt >= Config.ManagerStaleness
            && !_board.View(NameOf(attempt), now).IsFresh)
        {
            Release(attempt);
            return;
        }

        Note(attempt, ++attempt.Sent);
        var there = _world.Datacenters[attempt.Place];
        _world.Send(StudyModel.RttMs(_index, attempt.Place), "ask", () =>
        {
            if (call == StudyCall.Reserve) there.OnReserve(attempt);
            else there.OnStart(attempt);
        });
        _world.At(now + Config.ResendAfter(attempt.Sent), "ask again", () => Ask(attempt, call));
    }

    private void Note(StudyAttempt attempt, int sent)
    {
        var job = attempt.Job;
        _routing.OnSending(
            new SlotDispatch(
                attempt.Work.Id, 0, new JobShape(job.Duration, job.Cores),
                job.At + job.Duration + Config.DefaultDeadlineAllowance),
            StudyModel.Cluster.Datacenters[attempt.Place], attempt.Call == StudyCall.Reserve, sent,
            _world.Now);
        PlanTelling();
    }

    private void Release(StudyAttempt attempt)
    {
        var work = attempt.Work;
        _routing.OnReleased(work.Id, 0, NameOf(attempt), isFailure: true, _world.Now);
        PlanTelling();
        work.Refusals.Add(new SlotRefusal(NameOf(attempt), "no answer"));
        work.Attempt = null;
        Replace(work);
    }

    private void Replace(StudyWork work)
    {
        if (work.IsEnded) return;
        var decision = _routing.Preview(DatacenterRouting.RequestOf(work.Spec), _world.Now);
        var chosen = _policy == RoutingPolicy.Ours
            ? SlotPlacement.Choose(
                work.Spec, work.Refusals, [], _board.Views(_world.Now),
                [.. decision.Ranking.Select(score => score.Datacenter)])?.Datacenter.Name
            : Pick(work, decision);
        if (chosen is null) _world.At(_world.Now + NoneLeftRetry, "retry", () => Replace(work));
        else Assign(work, chosen);
    }

    private void OnDeadline(StudyWork work)
    {
        if (work.IsEnded) return;
        _world.Log.Lost();
        if (work.Attempt is { } attempt)
        {
            _routing.OnEndedWithout(work.Id, 0, NameOf(attempt), isTimeout: true, _world.Now);
            PlanTelling();
            var there = _world.Datacenters[attempt.Place];
            _world.Send(
                StudyModel.RttMs(_index, attempt.Place), "cancel", () => there.OnCancel(attempt));
        }

        End(work);
    }

    private void End(StudyWork work)
    {
        work.IsEnded = true;
        _world.OnEnded();
    }

    private void PlanTelling()
    {
        if (_routing.NextDeadline == _tellAt) return;
        _tellAt = _routing.NextDeadline;
        if (_tellAt < Instant.Never) _world.At(_tellAt, "debits", TellDebits);
    }

    private void TellDebits()
    {
        if (_routing.TakeDebits(_world.Now) is not { } told) return;
        _tellAt = Instant.Never;
        for (var i = 0; i < _world.Gates.Count; i++)
        {
            if (i == _index) continue;
            var other = _world.Gates[i];
            _world.Send(
                StudyModel.GateRttMs(_index, i), "debits",
                () => other._routing.Merge(told.Debits, _world.Now));
        }
    }

    private static string NameOf(StudyAttempt attempt) => StudyModel.Places[attempt.Place].Name;

    private static int PlaceOf(string datacenter)
    {
        var place = 0;
        while (StudyModel.Places[place].Name != datacenter) place++;
        return place;
    }
}
