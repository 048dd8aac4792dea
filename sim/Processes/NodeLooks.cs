using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Processes;

/// <summary>What gates and managers use themselves, as their hosts look at it: little, and for some spells
/// nearly all there is.</summary>
public sealed class NodeLooks(World world)
{
    private const long MachineBytes = 8L * 1024 * 1024 * 1024;
    private const int CalmPercent = 20;
    private const int PressedPercent = 95;

    private static readonly Duration Spell = Duration.FromSeconds(10);

    private readonly (int Life, Instant At, long CpuNanoseconds)[] _used =
        new (int, Instant, long)[world.Places.Count];

    /// <summary>Whether a node uses nearly all of its machine at the moment.</summary>
    public bool IsPressed(NodePlace place)
    {
        if (world.IsHealed) return false;
        var spell = (ulong)(world.Now.Nanoseconds / Spell.Nanoseconds);
        return Rng.Stream(world.Plan.Seed, "node pressure", place.Id.Name, spell)
            .Chance(world.Plan.Options.Host.PressedPerThousand, 1000);
    }

    internal void OnStarted(SimHost host)
    {
        if (host.Place.Role is NodeRole.Gate or NodeRole.Manager) LookLater(host);
    }

    internal void OnLookDue(SimHost host, int life)
    {
        if (!host.IsRunning || host.Life != life) return;
        ref var used = ref _used[host.Place.Index];
        var percent = IsPressed(host.Place) ? PressedPercent : CalmPercent;
        var now = host.LocalNow;
        if (used.Life != life) used = (life, Instant.Zero, 0);
        used = (life, now, used.CpuNanoseconds + ((now - used.At).Nanoseconds / 100 * percent));
        host.Post(new NodeInput.ResourcesSampled(
            [], new NodeReading(now, used.CpuNanoseconds, MachineBytes / 100 * percent, MachineBytes)));
        LookLater(host);
    }

    private void LookLater(SimHost host)
    {
        if (world.Plan.Options.Host.LookInterval is { } interval)
            world.Scheduler.After(interval, new NodeLookDue(this, host, host.Life));
    }
}

internal sealed class NodeLookDue(NodeLooks looks, SimHost host, int life) : SimEvent(host.Place.Index)
{
    public override ulong Identity => (1UL << 57) | ((ulong)(Lane + 1) << 32) | (uint)life;

    public override void Fire() => looks.OnLookDue(host, life);

    public override string ToString() => "looks at itself";
}
