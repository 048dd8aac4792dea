using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Plans;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Sim.Processes;

/// <summary>Every workload of the world: what runs, what it tells its worker, and the truth about what it
/// did.</summary>
public sealed class ProcessTable(World world)
{
    private static readonly Duration TerminateTime = Duration.FromMilliseconds(20);
    private static readonly Duration KillTime = Duration.FromMilliseconds(2);
    private static readonly Duration SweepTime = Duration.FromMilliseconds(10);

    private readonly SortedDictionary<AttemptKey, List<SimProcess>> _all = [];
    private readonly ResourceTable _resources = new(world);
    private readonly NodeLooks _looks = new(world);
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

    /// <summary>How a worker's host looks at its machine.</summary>
    public EnforcerKind EnforcerOf(int place) => _resources.KindOf(place);

    /// <summary>The processes of a worker's machine.</summary>
    public SimMachine MachineOf(int place) => _resources.MachineOf(place);

    /// <summary>The workloads that run on a worker's machine.</summary>
    public IReadOnlyList<SimProcess> RunningOn(int place) => _running[place];

    public int RunningCount => _running.Sum(processes => processes.Count);

    public int StartedCount { get; private set; }

    internal void Start(SimHost host, AttemptKey attempt, WorkflowSpec workflow)
    {
        var plan = world.Plan;
        var behaviour = WorkloadBehaviour.Of(
            plan.Seed, attempt, workflow, plan.Options.Workload, world.IsHealed);
        var shape = ShapeOf(plan, attempt, workflow, world.IsHealed);
        var tree = _resources.Start(host, shape, workflow, behaviour.IsStubborn);
        var process = new SimProcess(
            host, host.Life, attempt, workflow, behaviour, shape, tree, world.Now);
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
            world.Scheduler.After(behaviour.Length, new ProcessDoneDue(this, process));
        world.Scheduler.After(plan.Options.Workload.ReportInterval, new ReportDue(this, process));
    }

    internal void Stop(SimHost host, AttemptKey attempt, WorkloadSignal signal)
    {
        if (Find(host, attempt) is not { } process) return;
        process.IsStopped = true;
        var wait = signal == WorkloadSignal.Kill ? KillTime : TerminateTime;
        world.Scheduler.After(wait, new SignalDue(this, process, signal));
    }

    internal void Throttle(SimHost host, AttemptKey attempt, ThrottleOrder? order)
    {
        if (Find(host, attempt) is not { } process) return;
        process.HeldSince = order is null ? Instant.Never : Instant.Sooner(process.HeldSince, world.Now);
        process.Tree.Throttle(order);
        // What was asked to end while it was held hears of it now.
        if (order is null && process.IsStopped)
            world.Scheduler.After(TerminateTime, new SignalDue(this, process, WorkloadSignal.Terminate));
    }

    internal void HoldRamp(SimHost host, AttemptKey attempt, bool isHeld)
    {
        if (Find(host, attempt) is { } process) _resources.HoldRamp(process, isHeld);
    }

    /// <summary>A node's process has begun.</summary>
    internal void OnHostStarted(SimHost host) => _looks.OnStarted(host);

    /// <summary>The worker's process is gone, and its workloads with it.</summary>
    internal void OnWorkerEnded(SimHost host)
    {
        _resources.OnWorkerEnded(host);
        foreach (var process in _running[host.Place.Index])
        {
            process.Tree.Dispose();
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

    internal void OnDoneDue(SimProcess process)
    {
        if (!process.IsRunning) return;
        process.IsDone = true;
        OnSignalDue(process, WorkloadSignal.Kill);
    }

    internal void OnSignalDue(SimProcess process, WorkloadSignal signal)
    {
        if (!process.IsRunning) return;
        _resources.Signal(process, signal);
        if (process.Tree.Family.Living.Count == 0) OnEnded(process);
        else if (process.IsDone)
            world.Scheduler.After(SweepTime, new SignalDue(this, process, WorkloadSignal.Kill));
        else if (signal == WorkloadSignal.Terminate)
            world.Coverage.Sometimes(Probe.WorkloadIgnoredTermination);
    }

    private SimProcess? Find(SimHost host, AttemptKey attempt) => _running[host.Place.Index]
        .Find(process => process.Attempt == attempt && process.Life == host.Life);

    private void OnEnded(SimProcess process)
    {
        var fate = process.Behaviour.Fate;
        string? fault = fate == WorkloadFate.DoesNotStart ? "command not found: run" : null;
        int? exitCode = fault is not null ? null : 0;
        if (!process.IsDone) exitCode = 143;
        else if (fate == WorkloadFate.Fails) exitCode = 3;
        var (stats, recent) = Measure(process);
        process.Tree.Dispose();
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
        var datacenter = process.Host.Place.Datacenter;
        var times = _times.GetValueOrDefault(datacenter, 1) * TimesByLoad(datacenter);
        var recent = process.Answer(stats.Requests - stats.Errors, times);
        var key = (process.Attempt.Slot.Job, datacenter);
        var known = _answers.GetValueOrDefault(key);
        _answers[key] = (known.Count + recent.Count, Duration.Longer(known.Slowest, recent.Max));
        return (stats with { Latency = process.Latency }, recent);
    }

    private int TimesByLoad(string datacenter)
    {
        var most = world.Plan.Options.Workload.SaturatedTimes;
        if (most == 1) return 1;
        var places = world.Places.Where(place => place.Datacenter == datacenter).ToList();
        var used = places.Sum(place => _running[place.Index].Sum(process => process.Workflow.Cores));
        return TargetLoad.TimesAt(used, places.Sum(place => place.Cores), most);
    }

    /// <summary>How what a workload uses goes: of its attempt alone.</summary>
    public static ResourceShape ShapeOf(Plan plan, AttemptKey attempt, WorkflowSpec workflow, bool isHealed)
    {
        var key = new Fingerprint();
        attempt.AddTo(ref key);
        var rng = Rng.Stream(plan.Seed, "resources", "", key.Value);
        var isRunaway = rng.Chance(plan.Options.Workload.RunawayPerThousand, 1000) && !isHealed;
        return ResourceShape.Of(
            rng, isRunaway, workflow.Cores, plan.Options.Worker.Resources.GracePeriod);
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
