using System.Diagnostics;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

/// <content>What clients ask, of this process or of other nodes alike.</content>
public sealed partial class GateNode
{
    private NodeVerdict OnAsked(Caller caller, int hops, ClientRequest request, Turn turn)
    {
        var asked = new Asked(caller, hops, request, turn.Now + _config.ForwardDeadline);
        return request is ClientRequest.SubmitJob { Key: null } submit
            ? OnSubmitJob(asked, submit, turn)
            : OnAsked(asked, turn);
    }

    /// <summary>Takes up a request, for the first time or again.</summary>
    private NodeVerdict OnAsked(Asked asked, Turn turn) => asked.Request switch
    {
        ClientRequest.SubmitJob { Key: { } key } keyed => OnSubmitKeyed(asked, keyed, key, turn),
        ClientRequest.SubmitJob submit => PlaceJob(asked, submit.Spec, turn),
        ClientRequest.GetJob get => OnJobRequest(asked, get.Job, turn),
        ClientRequest.ExplainJob explain => OnJobRequest(asked, explain.Job, turn),
        ClientRequest.WatchJob watch => OnJobRequest(asked, watch.Job, turn),
        ClientRequest.CancelJob cancel => OnJobRequest(asked, cancel.Job, turn),
        ClientRequest.ListJobs list => OnListJobs(asked, list, turn),
        ClientRequest.GetCluster cluster => OnGetCluster(asked, cluster, turn),
        ClientRequest.PreviewRoute preview => OnPreviewRoute(asked.Caller, preview, turn),
        _ => throw new UnreachableException($"unhandled {asked.Request}"),
    };

    private NodeVerdict OnSubmitJob(Asked asked, ClientRequest.SubmitJob submit, Turn turn)
    {
        var caller = asked.Caller;
        if (!caller.IsLocal && _submissions.TryGet(caller, out var known))
        {
            if (known is { } job)
                turn.Answer(caller, new ClientResponse.Accepted(job) { Notes = NotesOn(job) });
            return NodeVerdict.Duplicate;
        }

        if (!caller.IsLocal) _submissions.Add(caller);
        var faults = SubmissionCheck.Faults(submit.Spec, _topology);
        if (faults.Count > 0) return RefuseJob(caller, submit.Spec, faults, turn);
        return PlaceJob(asked, submit.Spec, turn);
    }

    /// <summary>Creates a job in a group that this gate leads, or has another gate do so.</summary>
    private NodeVerdict PlaceJob(Asked asked, JobSpec spec, Turn turn)
    {
        if (_led.Count == 0) return Pass(asked, (int)_rng.Below(_members.Length), turn);
        if (WhyFull() is { } full) return TurnAway(asked.Caller, full, turn);
        if (Waiters >= _config.WaitersMax) return TurnAway(asked.Caller, "too many requests wait here", turn);

        var views = _board.Views(turn.Now);
        if (Route(spec, views, turn, out var reason) is not { } routed)
            return TurnAway(asked.Caller, reason, turn);
        // Where nobody has a worker that is large enough, the job says so before anybody is asked.
        var places = SlotPlacement.Unplaceable(spec, views) is null ? routed.Places : [];
        var entry = SubmissionCheck.Encode(spec, null, TermsOf(spec), places, out var faults);
        if (entry is null) return RefuseJob(asked.Caller, spec, faults, turn);

        var group = _rng.Pick([.. _led.Keys]);
        var id = new JobId(group, _replicas.NextOp(group));
        if (!Propose(group, entry, turn)) return TurnAway(asked.Caller, "the disk is behind", turn);
        _creations.Add(id, new Creation(asked.Caller));
        _routing.Remember(id, routed.Decision);
        return NodeVerdict.Accepted;
    }

    /// <summary>Why no job may be added to those that are live; null when one may.</summary>
    private string? WhyFull()
    {
        if (LiveJobs >= _config.LiveJobsMax)
            return $"{_config.LiveJobsMax} jobs are live, as many as may be";
        if (Ledger.LiveBytes >= _config.LiveBytesMax)
            return $"live jobs take {Ledger.LiveBytes} bytes; {_config.LiveBytesMax} are the most";
        return _replicas.IsLogFull ? ReplicaTraffic.LogIsFull : null;
    }

    private NodeVerdict OnJobRequest(Asked asked, JobId job, Turn turn)
    {
        if (job.Group < 0 || job.Group >= _members.Length)
        {
            turn.Answer(asked.Caller, new ClientResponse.NotFound(job));
            return NodeVerdict.Unknown;
        }

        if (!_led.ContainsKey(job.Group)) return Pass(asked, job.Group, turn);
        // Another gate may have begun to lead the group, and know better than this one.
        if (!_replicas.HasLease(job.Group, turn.Now)) return Postpone(asked, turn);
        if (!Ledger.TryGet(job, out var found))
        {
            turn.Answer(asked.Caller, new ClientResponse.NotFound(job));
            return NodeVerdict.Unknown;
        }

        return asked.Request switch
        {
            ClientRequest.GetJob => OnGetJob(asked.Caller, found, turn),
            ClientRequest.ExplainJob => OnExplainJob(asked.Caller, found, turn),
            ClientRequest.WatchJob watch => OnWatchJob(asked.Caller, found, watch.AfterRevision, turn),
            ClientRequest.CancelJob => OnCancelJob(asked.Caller, found, turn),
            _ => throw new UnreachableException($"unhandled {asked.Request}"),
        };
    }

    private NodeVerdict OnGetJob(Caller caller, LedgerJob job, Turn turn)
    {
        turn.Answer(caller, new ClientResponse.Status(StatusOf(job, turn.Now)));
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnExplainJob(Caller caller, LedgerJob job, Turn turn)
    {
        turn.Answer(caller, new ClientResponse.Explained(Explain(job, turn.Now)));
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnWatchJob(Caller caller, LedgerJob job, long afterRevision, Turn turn)
    {
        // What has ended never changes; waiting for it would only cost the caller its patience.
        if (RevisionOf(job) != afterRevision || job.IsEnded) return OnGetJob(caller, job, turn);
        if (Waiters >= _config.WaitersMax) return TurnAway(caller, "too many requests wait here", turn);

        _watches.Add(caller, job.Id, turn.Now + _config.WatchDeadline);
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnCancelJob(Caller caller, LedgerJob job, Turn turn)
    {
        if (job.IsEnded || job.IsCancelling)
        {
            turn.Answer(caller, new ClientResponse.CancelAccepted(StatusOf(job, turn.Now)));
            return NodeVerdict.Duplicate;
        }

        if (Waiters >= _config.WaitersMax) return TurnAway(caller, "too many requests wait here", turn);
        var work = WorkOf(job);
        if (!work.IsCancelProposed && !Propose(job.Id, new JobCommand.CancelRequested(job.Id), turn))
            return TurnAway(caller, "the disk is behind", turn);

        work.IsCancelProposed = true;
        work.CancelCallers.Add(caller);
        _cancelCallers++;
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnListJobs(Asked asked, ClientRequest.ListJobs list, Turn turn)
    {
        // What it is to lead it knows nothing of yet, or others may know better.
        if (_ownGroups.Any(group => LeaderOf(group) == Id && !_replicas.HasLease(group, turn.Now)))
            return Postpone(asked, turn);
        var limit = Math.Clamp(list.Limit, 1, ProtocolLimits.JobsListMax);
        List<JobSummary> own =
        [
            .. Ledger.NewestFirst.Where(job => _led.ContainsKey(job.Id.Group)).Take(limit)
                .Select(job => job.ToSummary()),
        ];
        List<NodeId> others = list.LocalOnly
            ? []
            : [.. _members.SelectMany(members => members).Where(gate => gate != Id).Distinct().Order()];
        if (!HasRoomFor(others)) return TurnAway(asked.Caller, "too many requests wait here", turn);

        var gather = new ListGather(
            asked,
            new ClientResponse.Jobs(own, []) { Led = [.. _led.Keys] },
            others,
            limit,
            list.LocalOnly ? 0 : _members.Length);
        return Ask(others, new ClientRequest.ListJobs(limit, LocalOnly: true), gather, turn);
    }

    private bool HasRoomFor(List<NodeId> others) =>
        others.Count == 0 || Waiters + others.Count <= _config.WaitersMax;

    /// <summary>Has other gates give their parts of an answer.</summary>
    private NodeVerdict Ask(List<NodeId> others, ClientRequest part, Gather gather, Turn turn)
    {
        if (gather.IsComplete) Conclude(gather, turn);
        var asked = gather.Request with { Request = part };
        foreach (var gate in others) Call(asked, gate, gather, turn);
        return NodeVerdict.Accepted;
    }

    /// <summary>Answers once all parts are there; a list is asked for again while the lead of a group
    /// moves.</summary>
    private void Conclude(Gather gather, Turn turn)
    {
        if (gather.IsFinal) turn.Answer(gather.Request.Caller, gather.Result);
        else Postpone(gather.Request, turn);
    }

    private static NodeVerdict RefuseJob(
        Caller caller, JobSpec spec, IReadOnlyList<JobFault> faults, Turn turn)
    {
        turn.Tell(new TelemetryEvent.JobRefused(spec.Name, $"{faults[0].Path} {faults[0].Message}"));
        turn.Answer(caller, new ClientResponse.Invalid(faults));
        return NodeVerdict.Refused;
    }

    private static NodeVerdict TurnAway(Caller caller, string reason, Turn turn)
    {
        turn.Answer(caller, new ClientResponse.Unavailable(reason, RetryAfter));
        return NodeVerdict.Overloaded;
    }

    private void AnswerWatches(Turn turn)
    {
        foreach (var job in _changed)
        {
            foreach (var caller in _watches.Take(job)) AnswerWatch(caller, job, turn);
        }

        _changed.Clear();
    }

    /// <summary>Tells a watcher how its job is; without the lease another gate may know better.</summary>
    private void AnswerWatch(Caller caller, JobId job, Turn turn)
    {
        if (_replicas.HasLease(job.Group, turn.Now))
        {
            turn.Answer(caller, Ledger.TryGet(job, out var found)
                ? new ClientResponse.Status(StatusOf(found, turn.Now))
                : new ClientResponse.NotFound(job));
            return;
        }

        var until = turn.Now + _config.ForwardDeadline;
        Postpone(new Asked(caller, 0, new ClientRequest.GetJob(job), until), turn);
    }
}
