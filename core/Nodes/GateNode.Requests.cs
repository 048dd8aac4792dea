using System.Diagnostics;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

/// <content>What clients ask, of this process or of other nodes alike.</content>
public sealed partial class GateNode
{
    private NodeVerdict OnRequest(Caller caller, int hops, ClientRequest request, Turn turn) => request switch
    {
        ClientRequest.SubmitJob submit => OnSubmitJob(caller, hops, submit, turn),
        ClientRequest.GetJob get => OnJobRequest(caller, hops, get.Job, get, turn),
        ClientRequest.WatchJob watch => OnJobRequest(caller, hops, watch.Job, watch, turn),
        ClientRequest.CancelJob cancel => OnJobRequest(caller, hops, cancel.Job, cancel, turn),
        ClientRequest.ListJobs list => OnListJobs(caller, hops, list, turn),
        _ => throw new UnreachableException($"unhandled {request}"),
    };

    private NodeVerdict OnSubmitJob(Caller caller, int hops, ClientRequest.SubmitJob submit, Turn turn)
    {
        if (!caller.IsLocal && _submissions.TryGet(caller, out var known))
        {
            if (known is { } job) turn.Answer(caller, new ClientResponse.Accepted(job));
            return NodeVerdict.Duplicate;
        }

        if (!caller.IsLocal) _submissions.Add(caller);
        var faults = SubmissionCheck.Faults(submit.Spec, _topology);
        if (faults.Count > 0) return RefuseJob(caller, submit.Spec, faults, turn);
        var entry = SubmissionCheck.Encode(submit.Spec, out var fault);
        if (entry is null) return RefuseJob(caller, submit.Spec, [fault!], turn);
        return PlaceJob(caller, hops, submit, entry, turn);
    }

    /// <summary>Creates a job in a group that this gate leads, or has another gate do so.</summary>
    private NodeVerdict PlaceJob(
        Caller caller, int hops, ClientRequest.SubmitJob submit, byte[] entry, Turn turn)
    {
        if (_led.Count == 0 && _ownGroups.Length > 0) return Postpone(caller, hops, submit, turn);
        if (_led.Count == 0) return ForwardSubmission(caller, hops, submit, turn);
        if (Ledger.LiveCount + _creations.Count >= _config.LiveJobsMax)
            return TurnAway(caller, $"{_config.LiveJobsMax} jobs are live, as many as may be", turn);
        if (Waiters >= _config.WaitersMax) return TurnAway(caller, "too many requests wait here", turn);

        var group = _rng.Pick([.. _led.Keys]);
        var id = new JobId(group, _replicas.NextOp(group));
        if (!Propose(group, entry, turn)) return TurnAway(caller, "the disk is behind", turn);
        _creations.Add(id, new Creation(caller));
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnJobRequest(Caller caller, int hops, JobId job, ClientRequest request, Turn turn)
    {
        if (job.Group < 0 || job.Group >= _owners.Length)
        {
            turn.Answer(caller, new ClientResponse.NotFound(job));
            return NodeVerdict.Unknown;
        }

        if (_owners[job.Group] != Id) return Forward(caller, hops, _owners[job.Group], request, turn);
        if (!_led.ContainsKey(job.Group)) return Postpone(caller, hops, request, turn);
        if (!Ledger.TryGet(job, out var found))
        {
            turn.Answer(caller, new ClientResponse.NotFound(job));
            return NodeVerdict.Unknown;
        }

        return request switch
        {
            ClientRequest.GetJob => OnGetJob(caller, found, turn),
            ClientRequest.WatchJob watch => OnWatchJob(caller, found, watch.AfterRevision, turn),
            ClientRequest.CancelJob => OnCancelJob(caller, found, turn),
            _ => throw new UnreachableException($"unhandled {request}"),
        };
    }

    private NodeVerdict OnGetJob(Caller caller, LedgerJob job, Turn turn)
    {
        turn.Answer(caller, new ClientResponse.Status(StatusOf(job, turn.Now)));
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

    private NodeVerdict OnListJobs(Caller caller, int hops, ClientRequest.ListJobs list, Turn turn)
    {
        if (!IsLed(list)) return Postpone(caller, hops, list, turn);
        var limit = Math.Clamp(list.Limit, 1, ProtocolLimits.JobsListMax);
        List<JobSummary> own = [.. Ledger.NewestFirst.Take(limit).Select(job => job.ToSummary())];
        List<NodeId> others = list.LocalOnly
            ? []
            : [.. _owners.Where(owner => owner != Id).Distinct().Order()];
        if (others.Count > 0 && Waiters + others.Count > _config.WaitersMax)
            return TurnAway(caller, "too many requests wait here", turn);

        var gather = new ListGather(limit, others, own);
        if (gather.IsComplete) turn.Answer(caller, gather.Result);
        foreach (var gate in others)
            Call(caller, hops, gate, new ClientRequest.ListJobs(limit, LocalOnly: true), gather, turn);
        return NodeVerdict.Accepted;
    }

    /// <summary>Waits until somebody leads the group that the request is about.</summary>
    private NodeVerdict Postpone(Caller caller, int hops, ClientRequest request, Turn turn)
    {
        if (Waiters >= _config.WaitersMax) return TurnAway(caller, "too many requests wait here", turn);
        _postponed.Add(
            new PostponedRequest(caller, hops, request, turn.Now + _config.ForwardDeadline));
        return NodeVerdict.Accepted;
    }

    private void TakeUpPostponed(Turn turn)
    {
        if (!_isLeadershipNews) return;
        _isLeadershipNews = false;
        foreach (var (caller, hops, request, _) in _postponed.Take(IsLed))
        {
            if (request is ClientRequest.SubmitJob submit)
                PlaceJob(caller, hops, submit, SubmissionCheck.Encode(submit.Spec, out _)!, turn);
            else OnRequest(caller, hops, request, turn);
        }
    }

    /// <summary>Whether this gate leads what the request is about: a job's group, any group for a new job,
    /// every one of its own for a list.</summary>
    private bool IsLed(ClientRequest request) => request switch
    {
        ClientRequest.GetJob get => _led.ContainsKey(get.Job.Group),
        ClientRequest.WatchJob watch => _led.ContainsKey(watch.Job.Group),
        ClientRequest.CancelJob cancel => _led.ContainsKey(cancel.Job.Group),
        ClientRequest.SubmitJob => _led.Count > 0,
        ClientRequest.ListJobs => _led.Count == _ownGroups.Length,
        _ => throw new UnreachableException($"unhandled {request}"),
    };

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
            var callers = _watches.Take(job);
            if (callers.Count == 0) continue;
            var answer = AnswerOf(job, turn.Now);
            foreach (var caller in callers) turn.Answer(caller, answer);
        }

        _changed.Clear();
    }

    private ClientResponse AnswerOf(JobId job, Instant now) => Ledger.TryGet(job, out var found)
        ? new ClientResponse.Status(StatusOf(found, now))
        : new ClientResponse.NotFound(job);
}
