using System.Diagnostics;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Nodes;

// The life of an attempt: started, followed, stopped, reported, forgotten.
public sealed partial class WorkerNode
{
    /// <summary>At most one report of an attempt's progress in this time.</summary>
    private static readonly Duration ProgressInterval = Duration.FromMilliseconds(500);

    private readonly SortedDictionary<AttemptKey, Workload> _running = [];
    private readonly SortedDictionary<AttemptKey, Message.AttemptFinished> _finished = [];

    // When a workload counts as hung, and once it is being stopped, when it is killed.
    private readonly DeadlineQueue<AttemptKey> _stopAt = new();
    private readonly DeadlineQueue<AttemptKey> _reportAt = new();
    private readonly DeadlineQueue<AttemptKey> _progressAt = new();

    /// <summary>Why a workload is being stopped; the first reason stays.</summary>
    private enum StopCause : byte { Cancelled, LeaseExpired, Hung, Shutdown, Guarded }

    /// <summary>Cores of workloads that run or are being stopped.</summary>
    public int CoresUsed { get; private set; }

    private NodeVerdict OnStartAttempt(NodeId from, Message.StartAttempt start)
    {
        var attempt = start.Attempt;
        if (_running.ContainsKey(attempt))
        {
            Send(from, new Message.AttemptAccepted(attempt));
            return NodeVerdict.Duplicate;
        }

        if (_finished.ContainsKey(attempt))
        {
            SendOutcome(attempt);
            return NodeVerdict.Duplicate;
        }

        // A copy of a start whose outcome the manager has already.
        if (_memory.Knows(attempt)) return NodeVerdict.Stale;
        if (RefusalOf(start) is { } reason)
        {
            Send(from, new Message.AttemptRefused(attempt, reason));
            return NodeVerdict.Refused;
        }

        _fence = start.Fence;
        _running.Add(attempt, new Workload(start.Workflow, GuardOf(start.Workflow)));
        CoresUsed += start.Workflow.Cores;
        _stopAt.Set(attempt, _now + start.Workflow.Duration + start.Workflow.Timeout);
        Emit(new TelemetryEvent.AttemptStarted(attempt, Id));
        _outbox.Emit(new NodeEffect.StartWorkload(attempt, start.Workflow));
        Send(from, new Message.AttemptAccepted(attempt));
        return NodeVerdict.Accepted;
    }

    /// <summary>Why an attempt cannot be started; null when it can.</summary>
    private string? RefusalOf(Message.StartAttempt start)
    {
        if (start.Boot != _boot) return $"it was meant for boot {start.Boot} of {Id}, which runs {_boot}";
        if (start.Fence < _fence) return $"{Id} knows a higher fence than {start.Fence}: {_fence}";
        if (_isStopping) return $"{Id} is shutting down";
        if (!_hasLease || _leaseUntil <= _now) return $"{Id} has no lease";
        if (_budget.OverBudget is { } over) return $"{Id} takes no work: {over}";
        if (_running.Count + _finished.Count >= _knownMax)
            return $"{Id} keeps {_finished.Count} outcomes that no manager has taken over; with what runs, "
                + $"{_knownMax} are the most";
        var free = _config.Cores - CoresUsed;
        return start.Workflow.Cores > free
            ? $"{Id} has {free} of {_config.Cores} cores free; {start.Workflow.Cores} are needed"
            : null;
    }

    private NodeVerdict OnStopAttempt(Message.StopAttempt stop)
    {
        var attempt = stop.Attempt;
        if (_finished.ContainsKey(attempt) || _memory.Knows(attempt)) return NodeVerdict.Duplicate;
        if (stop.Fence < _fence) return NodeVerdict.Stale;
        _fence = stop.Fence;
        if (_running.TryGetValue(attempt, out var workload))
        {
            return Stop(attempt, workload, StopCause.Cancelled, stop.Reason)
                ? NodeVerdict.Accepted
                : NodeVerdict.Duplicate;
        }

        if (_running.Count + _finished.Count >= _knownMax) return NodeVerdict.Overloaded;
        // Its start may still come: the outcome that says it was stopped keeps it from running.
        Finish(new Message.AttemptFinished(attempt, new AttemptOutcome(
            AttemptState.Cancelled, stop.Reason, null, RunStats.None, default)));
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnAttemptResultCommitted(Message.AttemptResultCommitted committed)
    {
        // The manager has given up what still runs here; its inventory will have it stopped.
        if (_running.ContainsKey(committed.Attempt)) return NodeVerdict.Stale;
        if (!_finished.Remove(committed.Attempt)) return NodeVerdict.Duplicate;
        _reportAt.Remove(committed.Attempt);
        _memory.Remember(committed.Attempt);
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnWorkloadReported(NodeInput.WorkloadReported reported)
    {
        if (!_running.TryGetValue(reported.Attempt, out var workload)) return NodeVerdict.Unknown;
        workload.Stats = reported.Stats;
        TakeRecent(reported.Attempt, workload, reported.Recent);
        if (!_progressAt.TryGet(reported.Attempt, out _))
            _progressAt.Set(reported.Attempt, Instant.Later(_now, workload.ProgressAfter));
        return NodeVerdict.Accepted;
    }

    private NodeVerdict OnWorkloadExited(NodeInput.WorkloadExited exited)
    {
        if (!_running.TryGetValue(exited.Attempt, out var workload)) return NodeVerdict.Unknown;
        workload.Stats = exited.Stats;
        TakeRecent(exited.Attempt, workload, exited.Recent);
        _running.Remove(exited.Attempt);
        CoresUsed -= workload.Spec.Cores;
        if (workload.Guard is not null) Show(exited.Attempt, workload, new GuardInput.Exited());
        _stopAt.Remove(exited.Attempt);
        _progressAt.Remove(exited.Attempt);
        var finished = new Message.AttemptFinished(exited.Attempt, OutcomeOf(workload, exited));
        var (last, earlier) = (BucketOf(workload), EarlierOf(workload));
        Finish(last.Latency.Count + earlier.Latency.Count == 0
            ? finished
            : finished with { Revision = workload.Revision + 1, Bucket = last, Earlier = earlier });
        return NodeVerdict.Accepted;
    }

    private void OnStopDue(AttemptKey attempt)
    {
        var workload = _running[attempt];
        if (workload.Cause is null)
        {
            Stop(attempt, workload, StopCause.Hung, "");
            return;
        }

        if (workload.Cause == StopCause.Guarded)
        {
            Show(attempt, workload, new GuardInput.Tick());
            _stopAt.Set(attempt, workload.Guard!.NextDeadline);
            return;
        }

        // Again after the same time, should the process tree outlive even that.
        _stopAt.Set(attempt, _now + Duration.Longer(_config.StopGrace, Duration.FromMilliseconds(1)));
        _outbox.Emit(new NodeEffect.StopWorkload(attempt, WorkloadSignal.Kill));
    }

    /// <summary>Asks a workload to end; false when it has been asked already.</summary>
    private bool Stop(AttemptKey attempt, Workload workload, StopCause cause, string reason)
    {
        if (workload.Cause is not null) return false;
        workload.Cause = cause;
        workload.StopReason = reason;
        // What is paused would not even hear of it.
        if (workload.Guard is { Throttled: not null }) Throttle(attempt, null);
        _stopAt.Set(attempt, _now + _config.StopGrace);
        _outbox.Emit(new NodeEffect.StopWorkload(attempt, WorkloadSignal.Terminate));
        return true;
    }

    private void Finish(Message.AttemptFinished finished)
    {
        var (attempt, outcome) = finished;
        _finished.Add(attempt, finished);
        Emit(new TelemetryEvent.AttemptEnded(attempt, Id, outcome.State, outcome.Reason));
        SendOutcome(attempt);
    }

    /// <summary>Reports an outcome, and again until a manager has it.</summary>
    private void SendOutcome(AttemptKey attempt)
    {
        Send(_manager, _finished[attempt]);
        _reportAt.Set(attempt, _now + _config.ResendInterval);
    }

    private void SendProgress(AttemptKey attempt)
    {
        var workload = _running[attempt];
        workload.ProgressAfter = _now + ProgressInterval;
        var bucket = BucketOf(workload);
        workload.IsBucketUntold = false;
        Send(_manager, new Message.AttemptProgressed(attempt, ++workload.Revision, workload.Stats)
        {
            Bucket = bucket,
            Earlier = EarlierOf(workload),
        });
    }

    /// <summary>What is to be told of recent latencies. A bucket that has ended is told for as long as it
    /// lasted, since its last report may have been lost; longer ago it is not recent.</summary>
    private LatencyBucket BucketOf(Workload workload) =>
        workload.IsBucketUntold || IsRecent(workload.BucketEndsAt) ? workload.Bucket : LatencyBucket.None;

    private LatencyBucket EarlierOf(Workload workload) =>
        IsRecent(workload.EarlierEndsAt) ? workload.Earlier : LatencyBucket.None;

    private bool IsRecent(Instant endsAt) => _now < endsAt + _config.Slo.WindowDuration;

    /// <summary>Adds latencies to the bucket that is under way. One that has ended is told before the next
    /// begins.</summary>
    private void TakeRecent(AttemptKey attempt, Workload workload, LatencyDigest recent)
    {
        if (recent.Count == 0) return;
        if (_now >= workload.BucketEndsAt)
        {
            if (workload.IsBucketUntold) SendProgress(attempt);
            var isFirst = workload.BucketEndsAt == Instant.Zero;
            (workload.Earlier, workload.EarlierEndsAt) = (workload.Bucket, workload.BucketEndsAt);
            workload.Bucket = new LatencyBucket(
                isFirst ? 0 : workload.Bucket.Number + 1, LatencyDigest.Empty);
            workload.BucketEndsAt = _now + _config.Slo.WindowDuration;
        }

        workload.Bucket = workload.Bucket with { Latency = workload.Bucket.Latency.Merge(recent) };
        workload.IsBucketUntold = true;
    }

    private AttemptOutcome OutcomeOf(Workload workload, NodeInput.WorkloadExited exited)
    {
        var spec = workload.Spec;
        var kill = EvidenceOf(workload);
        var (state, reason) = workload.Cause switch
        {
            // What is left of it, if anything, is for operators to end.
            StopCause.Cancelled => (
                AttemptState.Cancelled, WithFault(workload.StopReason, exited.Fault)),
            StopCause.LeaseExpired => (AttemptState.Lost, WithFault("lease expired", exited.Fault)),
            StopCause.Shutdown => (AttemptState.Lost, WithFault("worker shut down", exited.Fault)),
            StopCause.Guarded => (AttemptState.KilledByGuard, WithFault(kill!.Message, exited.Fault)),
            StopCause.Hung => (AttemptState.Failed, WithFault(
                $"hung: stopped after its duration of {spec.Duration} and timeout of {spec.Timeout}",
                exited.Fault)),
            null when exited.Fault is { } fault => (AttemptState.Failed, fault),
            null when exited.ExitCode == 0 => (AttemptState.Completed, "exit code 0"),
            null when exited.ExitCode is { } code => (AttemptState.Failed, $"exit code {code}"),
            null => (AttemptState.Failed, "ended without an exit code"),
            _ => throw new UnreachableException($"unhandled {workload.Cause}"),
        };
        var output = exited.Output;
        if (output.Length > JobLimits.OutputBytesMax) output = output[^JobLimits.OutputBytesMax..];
        return new AttemptOutcome(
            state, JobLimits.Clip(reason), exited.ExitCode, exited.Stats, output)
        {
            Kill = kill,
        };
    }

    private static string WithFault(string reason, string? fault) =>
        fault is null ? reason : $"{reason}; {fault}";

    private void AddAttemptsTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((long)_running.Count);
        foreach (var (attempt, workload) in _running)
        {
            attempt.AddTo(ref fingerprint);
            fingerprint.Add(workload.Spec.Name);
            fingerprint.Add((long)workload.Spec.Cores);
            fingerprint.Add((long?)workload.Cause ?? -1L);
            fingerprint.Add(workload.StopReason);
            fingerprint.Add(workload.Revision);
            fingerprint.Add(workload.ProgressAfter);
            workload.Stats.AddTo(ref fingerprint);
            workload.Guard?.AddTo(ref fingerprint);
            workload.Bucket.AddTo(ref fingerprint);
            fingerprint.Add(workload.BucketEndsAt);
            workload.Earlier.AddTo(ref fingerprint);
            fingerprint.Add(workload.EarlierEndsAt);
            fingerprint.Add(workload.IsBucketUntold);
        }

        fingerprint.Add((long)_finished.Count);
        foreach (var (attempt, finished) in _finished)
        {
            var outcome = finished.Outcome;
            attempt.AddTo(ref fingerprint);
            fingerprint.Add(finished.Revision);
            finished.Bucket.AddTo(ref fingerprint);
            finished.Earlier.AddTo(ref fingerprint);
            fingerprint.Add((long)outcome.State);
            fingerprint.Add(outcome.Reason);
            fingerprint.Add(outcome.ExitCode ?? long.MinValue);
            outcome.Stats.AddTo(ref fingerprint);
            fingerprint.Add(outcome.Output.Span);
            outcome.Kill?.AddTo(ref fingerprint);
        }

        _stopAt.AddTo(ref fingerprint, HashOf);
        _reportAt.AddTo(ref fingerprint, HashOf);
        _progressAt.AddTo(ref fingerprint, HashOf);
    }

    private static ulong HashOf(AttemptKey attempt)
    {
        var fingerprint = new Fingerprint();
        attempt.AddTo(ref fingerprint);
        return fingerprint.Value;
    }

    private sealed class Workload(WorkflowSpec spec, ResourceGuard? guard)
    {
        public WorkflowSpec Spec { get; } = spec;

        /// <summary>Null where guards are switched off.</summary>
        public ResourceGuard? Guard { get; } = guard;

        public StopCause? Cause { get; set; }

        public string StopReason { get; set; } = "";

        public RunStats Stats { get; set; } = RunStats.None;

        public long Revision { get; set; }

        /// <summary>The bucket of latencies that is under way.</summary>
        public LatencyBucket Bucket { get; set; } = LatencyBucket.None;

        /// <summary>Zero before the first.</summary>
        public Instant BucketEndsAt { get; set; } = Instant.Zero;

        public bool IsBucketUntold { get; set; }

        /// <summary>The bucket before it, as it was in the end.</summary>
        public LatencyBucket Earlier { get; set; } = LatencyBucket.None;

        public Instant EarlierEndsAt { get; set; } = Instant.Zero;

        public Instant ProgressAfter { get; set; } = Instant.Zero;
    }
}
