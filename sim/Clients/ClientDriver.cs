using System.Diagnostics;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Sim.Clients;

/// <summary>The people at the clients: asks what the plan says, follows accepted jobs to their end, and after
/// the faults makes sure that every job ends.</summary>
public sealed class ClientDriver
{
    private const int ListLimit = 1000;

    private static readonly Duration AskAgain = Duration.FromSeconds(1);

    private readonly World _world;
    private readonly IReadOnlyList<SimHost> _hosts;
    private readonly SortedDictionary<long, OpenRequest> _open = [];
    private readonly AcceptedJob?[] _jobOf;
    private readonly SortedDictionary<JobId, AcceptedJob> _jobs = [];
    private long _lastRequest;
    private bool _isSettling;

    // Submissions with a key that were asked, by number of operation: those that have a final answer, and the
    // others.
    private readonly SortedSet<int> _settled = [];
    private readonly SortedSet<int> _unsettled = [];

    public ClientDriver(World world, IReadOnlyList<SimHost> hosts)
    {
        (_world, _hosts) = (world, hosts);
        _jobOf = new AcceptedJob?[world.Plan.Operations.Count];
        for (var i = 0; i < world.Plan.Operations.Count; i++)
        {
            var index = i;
            Later(Instant.Zero + world.Plan.Operations[i].At, $"operation {i}", () => OnOperationDue(index));
        }
    }

    /// <summary>Jobs whose acceptance a client was told.</summary>
    public IReadOnlyDictionary<JobId, AcceptedJob> Accepted => _jobs;

    /// <summary>Requests that were asked and not answered, of clients that are alive.</summary>
    public int OpenCount => _open.Count;

    /// <summary>Everything accepted has ended, and every gate says the same of all it has.</summary>
    public bool IsSettled { get; private set; }

    /// <summary>What the last list after the faults still showed open.</summary>
    public string Unsettled { get; private set; } = "no list was answered";

    /// <summary>The faults are over: from here on everything has to end.</summary>
    public void Settle()
    {
        _isSettling = true;
        SettleOn();
    }

    internal void OnReply(SimHost host, long requestId, ClientResponse response)
    {
        if (!_open.Remove(requestId, out var open))
        {
            _world.Checks.OnStrayReply(host, requestId, response);
            return;
        }

        _world.Checks.OnAnswer(host, open.Request, response, open.AskedAt);
        Mark(response);
        switch (open.Purpose)
        {
            case Purpose.Submit:
                if (response is ClientResponse.Accepted accepted) OnAccepted(open, accepted.Job);
                if (IsFinal(response)) SettledKey(open.Operation);
                break;
            case Purpose.Watch:
                OnWatched(open, response);
                break;
            case Purpose.FinalList:
                OnFinalList(response);
                break;
            case Purpose.Other:
                break;
            default:
                throw new UnreachableException($"unhandled {open.Purpose}");
        }
    }

    internal void OnHostEnded(SimHost host)
    {
        var lost = _open.Where(entry => entry.Value.Host == host).Select(entry => entry.Key).ToList();
        foreach (var id in lost) _open.Remove(id);
        foreach (var job in _jobs.Values)
            if (job.Host == host) job.IsBeingWatched = false;
        if (lost.Count > 0) _world.Coverage.Sometimes(Probe.ClientCrashedWithRequestOpen);
    }

    /// <summary>A client's process is back: it follows its jobs again.</summary>
    internal void OnHostStarted(SimHost host)
    {
        foreach (var job in _jobs.Values.ToList())
            if (job.Host == host && job.IsWatched) Watch(job);
        foreach (var operation in _unsettled.ToList())
            if (_hosts[_world.Plan.Operations[operation].Client] == host) SubmitAgain(operation);
    }

    private void Submit(SimHost host, PlannedJob job, int operation)
    {
        var key = ((PlannedOperation.Submit)_world.Plan.Operations[operation]).Key;
        IdempotencyKey? given = IdempotencyKey.TryParse(key, out var parsed) ? parsed : null;
        var request = new ClientRequest.SubmitJob(job.ToSpec(), given);
        var isAsked = Ask(host, request, Purpose.Submit, operation);
        if (isAsked && given is not null && !_settled.Contains(operation)) _unsettled.Add(operation);
    }

    /// <summary>A client that keeps its keys asks with them until it knows.</summary>
    private void SubmitAgain(int operation)
    {
        if (_open.Values.Any(open => open.Purpose == Purpose.Submit && open.Operation == operation)) return;
        var submit = (PlannedOperation.Submit)_world.Plan.Operations[operation];
        Submit(_hosts[submit.Client], submit.Job, operation);
    }

    private void OnOperationDue(int index)
    {
        var operation = _world.Plan.Operations[index];
        var host = _hosts[operation.Client];
        switch (operation)
        {
            case PlannedOperation.Submit submit:
                Submit(host, submit.Job, index);
                break;
            case PlannedOperation.Repeat repeat:
                var first = (PlannedOperation.Submit)_world.Plan.Operations[repeat.JobOf];
                Submit(host, repeat.IsOther ? first.Job.Other : first.Job, repeat.JobOf);
                break;
            case PlannedOperation.Cancel cancel when _jobOf[cancel.JobOf] is { } job:
                Ask(host, new ClientRequest.CancelJob(job.Id), Purpose.Other, index);
                break;
            case PlannedOperation.Get get when _jobOf[get.JobOf] is { } job:
                Ask(host, new ClientRequest.GetJob(job.Id), Purpose.Other, index);
                break;
            case PlannedOperation.Cancel or PlannedOperation.Get:
                break;
            case PlannedOperation.List list:
                Ask(host, new ClientRequest.ListJobs(list.Limit, list.LocalOnly), Purpose.Other, index);
                break;
            default:
                throw new UnreachableException($"unhandled {operation}");
        }
    }

    private void OnAccepted(OpenRequest open, JobId id)
    {
        var submit = (PlannedOperation.Submit)_world.Plan.Operations[open.Operation];
        var spec = ((ClientRequest.SubmitJob)open.Request).Spec;
        if (_jobs.ContainsKey(id)) return;
        var job = new AcceptedJob(id, spec, open.Host, submit.Watches, _world.Now);
        _jobOf[open.Operation] = job;
        _jobs[id] = job;
        if (submit.Watches || _isSettling) Watch(job);
    }

    private void OnWatched(OpenRequest open, ClientResponse response)
    {
        var job = _jobs[((ClientRequest.WatchJob)open.Request).Job];
        job.IsBeingWatched = false;
        if (response is ClientResponse.Status { Job: var status })
        {
            job.Revision = status.Revision;
            if (status.IsTerminal)
            {
                job.Ended ??= status;
                job.EndedAt = Instant.Sooner(job.EndedAt, _world.Now);
                return;
            }

            Watch(job);
            return;
        }

        Later(_world.Now + AskAgain, $"watch {job.Id}", () => Watch(job));
    }

    private void Watch(AcceptedJob job)
    {
        if (job.IsBeingWatched || job.Ended is not null) return;
        job.IsBeingWatched = Ask(
            job.Host, new ClientRequest.WatchJob(job.Id, job.Revision), Purpose.Watch, operation: -1);
    }

    private void SettleOn()
    {
        if (IsSettled) return;
        // Asking may answer at once, and an answer may bring another job.
        foreach (var job in _jobs.Values.ToList()) Watch(job);
        foreach (var operation in _unsettled.ToList()) SettleKey(operation);
        if (_jobs.Values.All(job => job.Ended is not null)
            && _open.Values.All(open => open.Purpose != Purpose.FinalList))
        {
            Ask(_hosts[0], new ClientRequest.ListJobs(ListLimit, LocalOnly: false), Purpose.FinalList, -1);
        }

        Later(_world.Now + AskAgain, "settle", SettleOn);
    }

    /// <summary>What fits nowhere is never taken, and its key never settled.</summary>
    private void SettleKey(int operation)
    {
        var submit = (PlannedOperation.Submit)_world.Plan.Operations[operation];
        if (_world.Plan.Topology.Fits(submit.Job.ToSpec())) SubmitAgain(operation);
        else _unsettled.Remove(operation);
    }

    private void OnFinalList(ClientResponse response)
    {
        if (response is not ClientResponse.Jobs { Missing.Count: 0 } jobs)
        {
            var missing = response is ClientResponse.Jobs part ? string.Join(", ", part.Missing) : "";
            Unsettled = $"the last list was {response}, without {missing}";
            return;
        }

        var open = jobs.List
            .Where(job => job.State is not (JobState.Completed or JobState.Failed or JobState.Cancelled))
            .ToList();
        Unsettled = $"the last list showed {open.Count} open jobs: {string.Join(", ", open.Take(5))}";
        if (_unsettled.Count > 0) Unsettled += $"; {_unsettled.Count} keys have no final answer";
        IsSettled = open.Count == 0 && _unsettled.Count == 0 && _open.Count == 0
            && _jobs.Values.All(job => job.Ended is not null)
            && _world.Processes.RunningCount == 0;
    }

    private bool Ask(SimHost host, ClientRequest request, Purpose purpose, int operation)
    {
        if (!host.IsRunning) return false;
        var id = ++_lastRequest;
        _open.Add(id, new OpenRequest(host, request, purpose, operation, _world.Now));
        _world.Checks.OnAsked(host, id, request);
        host.Post(new NodeInput.ClientRequested(id, request));
        return true;
    }

    private void SettledKey(int operation)
    {
        _unsettled.Remove(operation);
        _settled.Add(operation);
    }

    private static bool IsFinal(ClientResponse response) => response is ClientResponse.Accepted
        or ClientResponse.Rejected or ClientResponse.KeyReused or ClientResponse.KeyExpired
        or ClientResponse.Invalid;

    private void Mark(ClientResponse response)
    {
        if (response is ClientResponse.OutcomeUnknown)
            _world.Coverage.Sometimes(Probe.OutcomeUnknownToClient);
        if (response is ClientResponse.Unavailable) _world.Coverage.Sometimes(Probe.UnavailableToClient);
    }

    private void Later(Instant at, string name, Action then) =>
        _world.Scheduler.At(at, new PlainEvent(SimEvent.World, Rng.HashText(name) >> 4, name, then));

    private enum Purpose : byte { Submit, Watch, FinalList, Other }

    private sealed record OpenRequest(
        SimHost Host, ClientRequest Request, Purpose Purpose, int Operation, Instant AskedAt);
}

/// <summary>A job whose acceptance a client was told.</summary>
/// <param name="host">The client that submitted it.</param>
public sealed class AcceptedJob(JobId id, JobSpec spec, SimHost host, bool isWatched, Instant acceptedAt)
{
    public JobId Id { get; } = id;

    public JobSpec Spec { get; } = spec;

    public SimHost Host { get; } = host;

    /// <summary>Whether its client follows it.</summary>
    public bool IsWatched { get; } = isWatched;

    public Instant AcceptedAt { get; } = acceptedAt;

    public bool IsBeingWatched { get; set; }

    public long Revision { get; set; } = -1;

    /// <summary>Its end as a client first saw it.</summary>
    public JobStatus? Ended { get; set; }

    public Instant EndedAt { get; set; } = Instant.Never;
}
