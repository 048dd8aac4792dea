namespace Hyperscale.Det.Shell.Resources;

/// <summary>The ways of holding process trees back that this host may have, the best first.</summary>
internal static class Enforcers
{
    private static readonly Func<ICgroupKind>[] Kinds = [() => new CgroupV2(), () => new CgroupV1()];

    /// <summary>The best that works here, for a worker: what earlier ones left running is ended.</summary>
    public static IResourceEnforcer Choose()
    {
        foreach (var kind in Kinds)
        {
            if (CgroupEnforcer.TryCreate(kind(), out _) is not { } enforcer) continue;
            enforcer.EndLeftovers();
            return enforcer;
        }

        return new ProcEnforcer();
    }

    /// <summary>Each with why it cannot be used; the first that can be is the one that is.</summary>
    public static IReadOnlyList<(string Name, string? Fault)> Probe()
    {
        var found = new List<(string, string?)>();
        foreach (var make in Kinds)
        {
            var kind = make();
            using var enforcer = CgroupEnforcer.TryCreate(kind, out var fault);
            found.Add((kind.Name, enforcer is null ? fault : null));
        }

        found.Add(("proc", null));
        return found;
    }
}
