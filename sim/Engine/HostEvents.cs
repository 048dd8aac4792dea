using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Sim.Engine;

/// <summary>A process is done with its last batch and inputs wait.</summary>
internal sealed class HostRunDue(SimHost host, int life) : SimEvent(host.Place.Index)
{
    public override ulong Identity => (9UL << 60) | ((ulong)Lane << 32) | (uint)life;

    public override void Fire() => host.OnRunDue(life);

    public override string ToString() => "goes on";
}

internal sealed class TimerDue(SimHost host, int life, int timer) : SimEvent(host.Place.Index)
{
    public override ulong Identity => (10UL << 60) | ((ulong)Lane << 32) | (uint)timer;

    public override void Fire() => host.OnTimer(life, timer);

    public override string ToString() => "timer";
}

internal sealed class BootDone(SimHost host, int life) : SimEvent(host.Place.Index)
{
    public override ulong Identity => (11UL << 60) | ((ulong)Lane << 32) | (uint)life;

    public override void Fire() => host.OnBootDone(life);

    public override string ToString() => "boots";
}

internal sealed class RestartDue(SimHost host, int life) : SimEvent(host.Place.Index)
{
    public override ulong Identity => (12UL << 60) | ((ulong)Lane << 32) | (uint)life;

    public override void Fire() => host.OnRestartDue(life);

    public override string ToString() => "is started again";
}

internal sealed class CrashDue(SimHost host, int life, PlannedFault.Crash crash)
    : SimEvent(host.Place.Index)
{
    public override ulong Identity => (13UL << 60) | ((ulong)Lane << 32) | (uint)life;

    public override void Fire() => host.OnCrashDue(life, crash);

    public override string ToString() => $"dies: {crash}";
}
