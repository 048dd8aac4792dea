using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>In a healed world every running member knows how every other running one is: of late, and that
/// none is under pressure (AD-41).</summary>
/// <param name="healthOf">Members of a node, and how it knows them to be; null for a node without.</param>
public sealed class HealthAgrees(Func<SimHost, (Swim Members, HealthPiggyback Health)?> healthOf)
    : HealedAgreement("health-agrees", CheckerViews.None, Bound)
{
    /// <summary>All have to be heard first, as in <see cref="MembersAgree"/>, and then told.</summary>
    private static readonly Duration Bound = Duration.FromMinutes(6) + HealthPiggyback.Staleness;

    public HealthAgrees()
        : this(host => host.Node switch
        {
            GateNode gate => (gate.Membership, gate.MemberHealth),
            ManagerNode manager => (manager.Membership, manager.MemberHealth),
            _ => null,
        })
    {
    }

    protected override string? Disagreement()
    {
        // Nobody is told anything where nobody looks.
        if (World.Plan.Options.Host.LookInterval is null) return null;
        foreach (var host in World.Hosts)
        {
            if (!host.IsRunning || healthOf(host) is not { } known) continue;
            foreach (var (member, _) in known.Members.Others)
            {
                if (!World.HostOf(member.Name).IsRunning) continue;
                if (known.Health.Of(member, host.LocalNow) is not { } health)
                    return $"{host.Id} does not know how {member} is";
                if (Math.Max(health.CpuPermille, health.MemoryPermille) >= Pressure.High * 1000)
                    return $"{host.Id} takes {member} for pressed: {health}";
            }
        }

        return null;
    }
}
