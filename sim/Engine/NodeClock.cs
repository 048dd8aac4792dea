using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Sim.Engine;

/// <summary>A process's own clocks against the world's: the monotonic one starts at zero with the process and
/// runs at a rate of its own, the wall clock may be set.</summary>
public sealed class NodeClock
{
    private const long PerThousand = 1000;

    // 2026-01-01; only differences matter.
    private const long WallOriginMilliseconds = 1_767_225_600_000;

    // Deadlines further away than this, some eleven days, never come in a run.
    private const long HorizonNanoseconds = 1_000_000_000_000_000;

    private Instant _worldBase = Instant.Zero;
    private Instant _localBase = Instant.Zero;
    private long _wallOffset;

    public int Rate { get; private set; } = (int)PerThousand;

    /// <summary>A process starts.</summary>
    public void Restart(Instant world) => (_worldBase, _localBase) = (world, Instant.Zero);

    public void SetRate(Instant world, int perThousand)
    {
        (_localBase, _worldBase) = (LocalAt(world), world);
        Rate = perThousand;
    }

    public void SetWall(long milliseconds) => _wallOffset += milliseconds;

    public Instant LocalAt(Instant world) =>
        _localBase + new Duration((world - _worldBase).Nanoseconds * Rate / PerThousand);

    public WallTime WallAt(Instant world) =>
        new(WallOriginMilliseconds + _wallOffset + (world.Nanoseconds / 1_000_000));

    /// <summary>The first instant of the world at which the local clock shows <paramref name="local"/>.
    /// </summary>
    public Instant WorldAt(Instant local)
    {
        var wait = local - _localBase;
        if (local == Instant.Never || wait.Nanoseconds > HorizonNanoseconds) return Instant.Never;
        if (wait <= Duration.Zero) return _worldBase;
        return _worldBase + new Duration(((wait.Nanoseconds * PerThousand) + Rate - 1) / Rate);
    }
}
