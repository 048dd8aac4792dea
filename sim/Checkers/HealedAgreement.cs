using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>A rule on what nodes think alike once the world is healed and a bound of time has
/// passed.</summary>
public abstract class HealedAgreement(string name, CheckerViews views, Duration bound) : Checker(name, views)
{
    /// <inheritdoc/>
    public sealed override bool IsAtRest =>
        SinceHealed < Duration.Zero || SinceHealed >= bound || Disagreement() is null;

    private Duration SinceHealed => World.Now - (Instant.Zero + World.Plan.FaultsEnd);

    public sealed override void OnEnd()
    {
        if (SinceHealed < bound) return;
        Require(Disagreement() is null, () =>
            $"the world healed at {World.Plan.FaultsEnd}, and still {Disagreement()}");
    }

    /// <summary>Who thinks something else; null when nobody does.</summary>
    protected abstract string? Disagreement();
}
