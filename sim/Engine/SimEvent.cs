namespace Hyperscale.Det.Sim.Engine;

/// <summary>Something that happens in the world at an instant.</summary>
/// <param name="lane">Whom it happens to: the place of a node, or <see cref="World"/>.</param>
public abstract class SimEvent(int lane)
{
    /// <summary>The lane of what happens to no node in particular.</summary>
    public const int World = -1;

    public int Lane { get; } = lane;

    /// <summary>Tells this event from others in the run's hash.</summary>
    public abstract ulong Identity { get; }

    public abstract void Fire();
}

/// <summary>An event with a name and no data.</summary>
public sealed class PlainEvent(int lane, ulong identity, string name, Action fire) : SimEvent(lane)
{
    public override ulong Identity { get; } = identity;

    public override void Fire() => fire();

    public override string ToString() => name;
}
