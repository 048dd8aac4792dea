using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Sim.Processes;

/// <summary>Every workload of the world: what runs, what it tells its worker, and the truth about what it
/// did.</summary>
public sealed class ProcessTable(World world)
{
    private static readonly Duration TerminateTime = Duration.FromMilliseconds(20);
    private static readonly Duration KillTime = Duration.FromMilliseconds(2);

    private readonly SortedDictionary<AttemptKey, List<SimProcess>> _all = [];
    private readonly ResourceTable _resources = new(world);
    private readonly SortedDictionary<(JobId, string), (long Count, Duration Slowest)> _answers = [];
    private readonly SortedDictionary<(JobId, string), List<SimProcess>> _ofJobs = [];
    private readonly SortedDictionary<string, int> _times = new(StringComparer.Ordinal);
    private readonly List<SimProcess>[] _running = [.. world.Places.Select(_ => new List<SimProcess>())];

    /// <summary>What the workloads of a job in a datacenter have measured so far: all that anybody can
    /// know.</summary>
    public (long Count, Duration Slowest) AnswersOf(JobId job, string datacenter) =>
        _answers.GetValueOrDefault((job, datacenter));

    /// <summary>Every workload that was ever started under this attempt.</summary>
    public IReadOnlyList<SimProcess> Of(AttemptKey attempt) =>
        _all.TryGetValue(attempt, out var processes) ? processes : [];

    /// <summary>Every workload that was ever started for a job in a datacenter.</summary>
    public IReadOnlyList<SimProcess> Of(JobId job, string datacenter) =>
        _ofJobs.TryGetValue((job, datacenter), out var processes) ? processes : [];

    /// <summary>The workloads that run on a worker's machine.</summary>
    public IReadOnlyList<SimProcess> RunningOn(int place) => _running[place];

    public int RunningCount => _running.Sum(processes => processes.Count);

    public int StartedCount { get; private set; }

    internal void Start(SimHost host, AttemptKey attempt, WorkflowSpec workflow)
    {
        var plan = world.Plan;
        var behaviour = WorkloadBehaviour.Of(
            plan.Seed, attempt, workflow, plan.Options.Workload, world.IsHealed);
        var process = new SimProcess(
            host, host.Life, attempt, workflow, behaviour, UseOf(attempt, workflow), world.Now);
        if (!_all.TryGetValue(attempt, out var processes)) _all.Add(attempt, processes = []);
        processes.Add(process);
        var job = (attempt.Slot.Job, host.Place.Datacenter);
        if (!_ofJobs.TryGetValue(job, out var ofJob)) _ofJobs.Add(job, ofJob = []);
        ofJob.Add(process);
        _running[host.Place.Index].Add(process);
        StartedCount++;
        world.Checks.OnProcessStarted(process);
        MarkStart(process);
        _resources.OnStarted(process);
        if (behaviour.Fate != WorkloadFate.Hangs)
            world.Scheduler.After(behaviour.Length, new ProcessEndDue(this, process, killed: false));
        world.Scheduler.After(plan.Options.Workload.ReportInterval, new ReportDue(this, process));
    }

    internal void Stop(SimHost host, AttemptKey attempt, WorkloadSignal signal)
    {
        foreach (var process in _running[host.Place.Index])
        {
            if (process.Attempt != attempt || process.Life != host.Life) continue;
            process.IsStopped = true;
            // What is paused hears nothing; what broke away, or does not care, does not listen.
            var isDeaf = process.Behaviour.IsStubborn || process.Use.IsThrottled
                || process.Use.Shape.Shape == RunawayShape.Orphan;
            if (signal == WorkloadSignal.Terminate && isDeaf)
            {
                world.Coverage.Sometimes(Probe.WorkloadIgnoredTermination);
                return;
            }

            var wait = signal == WorkloadSignal.Kill ? KillTime : TerminateTime;
            world.Scheduler.After(wait, new ProcessEndDue(this, process, killed: true));
            return;
        }
    }

    internal void Throttle(SimHost host, AttemptKey attempt, ThrottleOrder? order) =>
        _resources.Throttle(host, attempt, order);

    internal void HoldRamp(SimHost host, AttemptKey attempt, bool isHeld) =>
        _resources.HoldRamp(host, attempt, isHeld);

    /// <summary>The worker's process is gone, and its workloads with it.</summary>
    internal void OnWorkerEnded(SimHost host)
    {
        foreach (var process in _running[host.Place.Index])
        {
            process.End(world.Now, null, "the worker died");
            world.Coverage.Sometimes(Probe.WorkloadKilledWithItsWorker);
            world.Checks.OnProcessEnded(process);
        }

        _running[host.Place.Index].Clear();
    }

    internal void OnReportDue(SimProcess process)
    {
        if (!process.IsRunning) return;
        var (stats, recent) = Measure(process);
        process.Host.Post(new NodeInput.WorkloadReported(process.Attempt, stats) { Recent = recent });
        if (!process.IsRunning) return;
        world.Scheduler.After(world.Plan.Options.Workload.ReportInterval, new ReportDue(this, process));
    }

    internal void OnEndDue(SimProcess process, bool killed)
    {
        if (!process.IsRunning) return;
        var fate = process.Behaviour.Fate;
        string? fault = fate == WorkloadFate.DoesNotStart ? "command not found: run" : null;
        int? exitCode = fault is not null ? null : 0;
        if (killed) exitCode = 143;
        else if (fate == WorkloadFate.Fails) exitCode = 3;
        var (stats, recent) = Measure(process);
        process.End(world.Now, exitCode, fault, stats);
        world.Checks.OnProcessEnded(process);
        _running[process.Host.Place.Index].Remove(process);
        process.Host.Post(new NodeInput.WorkloadExited(
            process.Attempt, exitCode, stats, ReadOnlyMemory<byte>.Empty, fault)
        {
            Recent = recent,
        });
    }

    /// <summary>What is loaded in a datacenter answers so many times slower.</summary>
    internal void SlowTarget(string datacenter, int times) => _times[datacenter] = times;

    internal void Heal() => _times.Clear();

    private (RunStats Stats, LatencyDigest Recent) Measure(SimProcess process)
    {
        var stats = process.Behaviour.StatsAfter(world.Now - process.StartedAt, process.Workflow.Kind);
        var times = _times.GetValueOrDefault(process.Host.Place.Datacenter, 1);
        var recent = process.Answer(stats.Requests - stats.Errors, times);
        var key = (process.Attempt.Slot.Job, process.Host.Place.Datacenter);
        var known = _answers.GetValueOrDefault(key);
        _answers[key] = (known.Count + recent.Count, Duration.Longer(known.Slowest, recent.Max));
        return (stats with { Latency = process.Latency }, recent);
    }

    private ResourceUse UseOf(AttemptKey attempt, WorkflowSpec workflow)
    {
        var key = new Fingerprint();
        attempt.AddTo(ref key);
        var rng = Rng.Stream(world.Plan.Seed, "resources", "", key.Value);
        var options = world.Plan.Options;
        var isRunaway = rng.Chance(options.Workload.RunawayPerThousand, 1000) && !world.IsHealed;
        return new ResourceUse(
            ResourceShape.Of(rng, isRunaway, workflow.Cores, options.Worker.Resources.GracePeriod),
            ResourceBudget.LimitsOf(workflow.Budget),
            world.Now);
    }

    private void MarkStart(SimProcess process)
    {
        var fate = process.Behaviour.Fate;
        if (fate == WorkloadFate.Completes) return;
        world.Coverage.Fired(FaultFamily.Workload);
        world.Coverage.Sometimes(fate switch
        {
            WorkloadFate.Fails => Probe.WorkloadFailed,
            WorkloadFate.Hangs => Probe.WorkloadHung,
            WorkloadFate.DoesNotStart => Probe.WorkloadDidNotStart,
            _ => throw new System.Diagnostics.UnreachableException($"unhandled {fate}"),
        });
    }
}

/// <summary>One workload's process tree, from its start to its end.</summary>
/// <param name="life">The life of the worker that started it.</param>
public sealed class SimProcess(
    SimHost host,
    int life,
    AttemptKey attempt,
    WorkflowSpec workflow,
    WorkloadBehaviour behaviour,
    ResourceUse use,
    Instant startedAt)
{
    public SimHost Host { get; } = host;

    public int Life { get; } = life;

    public AttemptKey Attempt { get; } = attempt;

    public WorkflowSpec Workflow { get; } = workflow;

    public WorkloadBehaviour Behaviour { get; } = behaviour;

    public ResourceUse Use { get; } = use;

    public Instant StartedAt { get; } = startedAt;

    public Instant EndedAt { get; private set; } = Instant.Never;

    public int? ExitCode { get; private set; }

    public string? Fault { get; private set; }

    /// <summary>What it told its worker last of all; null where the worker died first.</summary>
    public RunStats? Told { get; private set; }

    public bool IsStopped { get; set; }

    /// <summary>Of every answer so far that was measured.</summary>
    public LatencyDigest Latency { get; private set; } = LatencyDigest.Empty;

    /// <summary>Measures the latencies of the answers since the last time.</summary>
    /// <param name="answered">So far.</param>
    /// <returns>Those that are new.</returns>
    public LatencyDigest Answer(long answered, int times)
    {
        var before = Latency.Count;
        var recent = LatencyDigest.From(Behaviour.Latencies(before, answered - before, times));
        Latency = Latency.Merge(recent);
        return recent;
    }

    public bool IsRunning => EndedAt == Instant.Never;

    public void End(Instant at, int? exitCode, string? fault, RunStats? told = null) =>
        (EndedAt, ExitCode, Fault, Told) = (at, exitCode, fault, told);
}

internal sealed class ReportDue(ProcessTable table, SimProcess process) : SimEvent(process.Host.Place.Index)
{
    public override ulong Identity => (14UL << 60) | ((ulong)Lane << 32) | (uint)process.Attempt.Attempt;

    public override void Fire() => table.OnReportDue(process);

    public override string ToString() => $"workload {process.Attempt} reports";
}

internal sealed class ProcessEndDue(ProcessTable table, SimProcess process, bool killed)
    : SimEvent(process.Host.Place.Index)
{
    public override ulong Identity => (15UL << 60) | ((ulong)Lane << 32) | (uint)process.Attempt.Attempt;

    public override void Fire() => table.OnEndDue(process, killed);

    public override string ToString() => $"workload {process.Attempt} ends";
}
