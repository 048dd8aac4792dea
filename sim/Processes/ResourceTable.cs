using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Processes;

/// <summary>What the workloads of the world use, as its workers' hosts look at it: the simulated
/// enforcer.</summary>
/// <remarks>A host looks at its machine as long as anything runs there, or as its worker takes no work; some
/// looks are lost.</remarks>
public sealed class ResourceTable(World world)
{
    /// <summary>Of each worker's machine.</summary>
    public const long MachineBytes = 40L * 1024 * 1024 * 1024;

    private const long IdleBytes = 2L * 1024 * 1024 * 1024;

    private readonly bool[] _isLooking = new bool[world.Places.Count];
    private readonly long[] _looks = new long[world.Places.Count];

    /// <summary>Memory in use on a worker's machine.</summary>
    public long UsedOn(int place) => Math.Min(MachineBytes, IdleBytes + world.Processes.RunningOn(place)
        .Sum(process => process.Use.At(world.Now).MemoryBytes));

    internal void OnStarted(SimProcess process)
    {
        if (process.Use.Shape.Shape != RunawayShape.None)
        {
            world.Coverage.Fired(FaultFamily.Runaway);
            world.Coverage.Sometimes(Probe.WorkloadRanAway);
        }

        LookLater(process.Host);
    }

    internal void Throttle(SimHost host, AttemptKey attempt, ThrottleOrder? order)
    {
        foreach (var process in world.Processes.RunningOn(host.Place.Index))
        {
            if (process.Attempt == attempt && process.Life == host.Life)
                process.Use.Throttle(order, world.Now);
        }
    }

    internal void HoldRamp(SimHost host, AttemptKey attempt, bool isHeld)
    {
        foreach (var process in world.Processes.RunningOn(host.Place.Index))
        {
            if (process.Attempt == attempt && process.Life == host.Life)
                process.Use.HoldRamp(isHeld, world.Now);
        }
    }

    internal void OnLookDue(SimHost host, int life)
    {
        _isLooking[host.Place.Index] = false;
        if (!host.IsRunning || host.Life != life) return;
        var running = world.Processes.RunningOn(host.Place.Index);
        if (!IsLost(host)) Look(host, running);
        // To look may have ended everything.
        var isClosed = host.Node is WorkerNode { OverBudget: not null };
        if (world.Processes.RunningOn(host.Place.Index).Count > 0 || isClosed) LookLater(host);
    }

    private void LookLater(SimHost host)
    {
        if (_isLooking[host.Place.Index]) return;
        _isLooking[host.Place.Index] = true;
        world.Scheduler.After(
            world.Plan.Options.Worker.Resources.SampleInterval, new LookDue(this, host, host.Life));
    }

    private bool IsLost(SimHost host)
    {
        var n = (ulong)_looks[host.Place.Index]++;
        var rng = Rng.Stream(world.Plan.Seed, "lost sample", host.Id.Name, n);
        if (!rng.Chance(world.Plan.Options.Workload.LostSamplePerThousand, 1000)) return false;
        world.Coverage.Sometimes(Probe.SampleLost);
        return true;
    }

    private void Look(SimHost host, IReadOnlyList<SimProcess> running) => host.Post(
        new NodeInput.ResourcesSampled(
            [
                .. running.Where(process => process.Life == host.Life).Select(process => new WorkloadReading(
                    process.Attempt, process.Use.Read(host.LocalNow, world.Now))),
            ],
            new NodeReading(host.LocalNow, 0, UsedOn(host.Place.Index), MachineBytes))
        {
            Enforcer = "simulated",
        });
}

/// <summary>What one workload uses. While it is held back, it runs for part of the time only.</summary>
public sealed class ResourceUse(ResourceShape shape, ResourceLimits limits, Instant startedAt)
{
    private Instant _at = startedAt;
    private Duration _running;
    private double _cpuNanoseconds;
    private ThrottleOrder? _order;
    private bool _isRampHeld;

    public ResourceShape Shape { get; } = shape;

    public ResourceLimits Limits { get; } = limits;

    /// <summary>Whether it is held back: it would not even hear that it is to end.</summary>
    public bool IsThrottled => _order is not null;

    public ResourceSample At(Instant now)
    {
        Advance(now);
        return Shape.At(_running, Limits);
    }

    public void Throttle(ThrottleOrder? order, Instant now)
    {
        Advance(now);
        _order = order;
    }

    /// <summary>What a load generator uses grows with its users.</summary>
    public void HoldRamp(bool isHeld, Instant now)
    {
        Advance(now);
        _isRampHeld = isHeld;
    }

    public TreeReading Read(Instant local, Instant now)
    {
        var use = At(now);
        return new TreeReading(
            local, [],
            new GroupReading((long)_cpuNanoseconds, use.MemoryBytes, use.FileDescriptors, use.Processes));
    }

    private void Advance(Instant now)
    {
        var passed = now - _at;
        _at = now;
        var rate = Shape.At(_running, Limits).CpuPercent;
        var share = _order is { } order ? Math.Min(order.RunPermille / 1000.0, order.CpuPercent / rate) : 1;
        _cpuNanoseconds += passed.Nanoseconds * rate / 100 * share;
        if (!_isRampHeld) _running += new Duration((long)(passed.Nanoseconds * share));
    }
}

internal sealed class LookDue(ResourceTable table, SimHost host, int life) : SimEvent(host.Place.Index)
{
    public override ulong Identity => ((ulong)(Lane + 1) << 32) | (uint)life;

    public override void Fire() => table.OnLookDue(host, life);

    public override string ToString() => "looks at what runs";
}
