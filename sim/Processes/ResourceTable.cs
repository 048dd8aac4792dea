using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Processes;

/// <summary>The machines of all workers, and how their hosts look at them.</summary>
/// <remarks>A host looks at its machine as long as anything runs there, or as its worker takes no work; some
/// looks are lost, others come late, and perhaps behind later ones.</remarks>
public sealed class ResourceTable
{
    /// <summary>Memory of each worker's machine.</summary>
    public const long MachineBytes = 40L * 1024 * 1024 * 1024;

    /// <summary>Processes that each has room for; so few that ids are used again.</summary>
    public const int ProcessesMax = 300;

    private const long IdleBytes = 2L * 1024 * 1024 * 1024;

    // It starts the workload's own command and adopts what that leaves behind.
    private static readonly ProcessProgram Supervisor =
        new(0, MemoryCurve.Flat(8 << 20), 6) { IsSubreaper = true };

    private readonly World _world;
    private readonly SimMachine[] _machines;
    private readonly SimEnforcer[] _enforcers;
    private readonly bool[] _isLooking;
    private readonly long[] _looks;
    private readonly (long IdsUsedAgain, long Adopted)[] _marked;

    public ResourceTable(World world)
    {
        _world = world;
        _machines = [.. world.Places.Select(_ => new SimMachine(ProcessesMax))];
        _enforcers = [.. world.Places.Select(place => new SimEnforcer(
            _machines[place.Index], KindOf(place), () => world.Now,
            Rng.Stream(world.Plan.Seed, "kills", place.Id.Name)))];
        _isLooking = new bool[world.Places.Count];
        _looks = new long[world.Places.Count];
        _marked = new (long, long)[world.Places.Count];
    }

    public SimMachine MachineOf(int place) => _machines[place];

    public EnforcerKind KindOf(int place) => _enforcers[place].Kind;

    /// <summary>Memory in use on a worker's machine.</summary>
    public long UsedOn(int place) => Math.Min(
        MachineBytes, IdleBytes + _machines[place].Entries.Sum(entry => entry.MemoryBytes));

    internal SimHeldTree Start(SimHost host, ResourceShape shape, WorkflowSpec workflow, bool isStubborn)
    {
        var program = shape.ProgramFor(ResourceBudget.LimitsOf(workflow.Budget));
        if (isStubborn) program = program.Deaf();
        var isCommand = workflow.Kind == WorkflowKind.Exec;
        var place = host.Place.Index;
        var family = _machines[place].Start(
            isCommand ? Supervisor with { Births = [new Birth(Duration.Zero, program)] } : program,
            _world.Now);
        return _enforcers[place].Hold(family!.Root.Id, holdsRoot: !isCommand);
    }

    internal void OnStarted(SimProcess process)
    {
        if (process.Shape.Shape != RunawayShape.None)
        {
            _world.Coverage.Fired(FaultFamily.Runaway);
            _world.Coverage.Sometimes(Probe.WorkloadRanAway);
        }

        LookLater(process.Host);
    }

    internal void OnWorkerEnded(SimHost host) => _machines[host.Place.Index].Clear();

    /// <summary>A signal to all of a tree. Its root, if that only looks after the others, ends with the last
    /// of them.</summary>
    internal void Signal(SimProcess process, WorkloadSignal signal)
    {
        var (machine, family) = (_machines[process.Host.Place.Index], process.Tree.Family);
        machine.AdvanceTo(_world.Now);
        if (signal == WorkloadSignal.Kill)
        {
            var missed = process.Tree.Missed;
            process.Tree.Kill();
            machine.End(family.Root);
            if (process.Tree.Missed > missed) _world.Coverage.Sometimes(Probe.ProcessMissedByKill);
            return;
        }

        foreach (var entry in family.Living.Where(entry => !entry.Program.IsSubreaper).ToList())
            machine.Terminate(entry);
        if (family.Living is [{ Program.IsSubreaper: true }]) machine.End(family.Root);
    }

    /// <summary>What a load generator uses grows with its users.</summary>
    internal void HoldRamp(SimProcess process, bool isHeld)
    {
        _machines[process.Host.Place.Index].AdvanceTo(_world.Now);
        process.Tree.Family.IsRampHeld = isHeld;
    }

    internal void OnLookDue(SimHost host, int life)
    {
        _isLooking[host.Place.Index] = false;
        if (!host.IsRunning || host.Life != life) return;
        Look(host);
        // To look may have ended everything.
        var isClosed = host.Node is WorkerNode { OverBudget: not null };
        if (_world.Processes.RunningOn(host.Place.Index).Count > 0 || isClosed) LookLater(host);
    }

    private EnforcerKind KindOf(NodePlace place)
    {
        var rng = Rng.Stream(_world.Plan.Seed, "enforcer", place.Id.Name);
        var options = _world.Plan.Options.Workload;
        return new EnforcerKind(
            ReadsProcesses: rng.Chance(options.ProcessReadingPerThousand, 1000),
            Pauses: rng.Chance(options.PausePerThousand, 1000),
            LeakPermille: rng.Chance(options.LooseThrottlePerThousand, 1000) ? rng.Pick([400, 700, 1000]) : 0,
            options.MissedKillPerThousand);
    }

    private void LookLater(SimHost host)
    {
        if (_isLooking[host.Place.Index]) return;
        _isLooking[host.Place.Index] = true;
        _world.Scheduler.After(
            _world.Plan.Options.Worker.Resources.SampleInterval, new LookDue(this, host, host.Life));
    }

    private void Look(SimHost host)
    {
        var place = host.Place.Index;
        _machines[place].AdvanceTo(_world.Now);
        Mark(place);
        _enforcers[place].Refresh();
        var options = _world.Plan.Options;
        var rng = Rng.Stream(_world.Plan.Seed, "lost sample", host.Id.Name, (ulong)_looks[place]++);
        if (rng.Chance(options.Workload.LostSamplePerThousand, 1000))
        {
            _world.Coverage.Sometimes(Probe.SampleLost);
            return;
        }

        var sampled = Sample(host);
        if (!rng.Chance(options.Workload.LateSamplePerThousand, 1000))
        {
            host.Post(sampled);
            return;
        }

        _world.Coverage.Sometimes(Probe.SampleLate);
        var late = rng.Between(Duration.Zero, options.Worker.Resources.SampleInterval * 2);
        _world.Scheduler.After(late, new SampleDue(host, host.Life, sampled));
    }

    private NodeInput.ResourcesSampled Sample(SimHost host)
    {
        var workloads = new List<WorkloadReading>();
        foreach (var process in _world.Processes.RunningOn(host.Place.Index))
        {
            if (process.Life == host.Life && process.Tree.Read(host.LocalNow) is { } reading)
                workloads.Add(new WorkloadReading(process.Attempt, reading));
        }

        return new NodeInput.ResourcesSampled(
            workloads, new NodeReading(host.LocalNow, 0, UsedOn(host.Place.Index), MachineBytes))
        {
            Enforcer = _enforcers[host.Place.Index].Name,
        };
    }

    private void Mark(int place)
    {
        var machine = _machines[place];
        var (idsUsedAgain, adopted) = _marked[place];
        if (machine.IdsUsedAgain > idsUsedAgain) _world.Coverage.Sometimes(Probe.ProcessIdUsedAgain);
        if (machine.Adopted > adopted) _world.Coverage.Sometimes(Probe.OrphanAdopted);
        if (machine.Entries.Any(entry => entry.IsZombie)) _world.Coverage.Sometimes(Probe.ZombieSeen);
        _marked[place] = (machine.IdsUsedAgain, machine.Adopted);
    }
}

internal sealed class LookDue(ResourceTable table, SimHost host, int life) : SimEvent(host.Place.Index)
{
    public override ulong Identity => ((ulong)(Lane + 1) << 32) | (uint)life;

    public override void Fire() => table.OnLookDue(host, life);

    public override string ToString() => "looks at what runs";
}

/// <summary>What was seen a while ago comes to the node.</summary>
internal sealed class SampleDue(SimHost host, int life, NodeInput.ResourcesSampled sampled)
    : SimEvent(host.Place.Index)
{
    public override ulong Identity => (1UL << 56) | ((ulong)(Lane + 1) << 32) | (uint)life;

    public override void Fire()
    {
        if (host.Life == life) host.Post(sampled);
    }

    public override string ToString() => "hears late of what ran";
}
