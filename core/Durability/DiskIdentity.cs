using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Durability;

/// <summary>What <see cref="DiskIdentity"/> wants done to a directory.</summary>
/// <param name="Fault">Why nothing is to be done; null when the plan is to be carried out.</param>
/// <param name="Incarnation">The life that begins.</param>
/// <param name="SetAside">The directory that earlier files are moved to; null when there are none.</param>
public sealed record DiskPlan(
    WalFault? Fault, long Incarnation, string? SetAside, IReadOnlyList<DiskCommand> Commands)
{
    internal static DiskPlan Refused(WalVerdict verdict, string message) =>
        new(new WalFault(verdict, message), 0, null, []);
}

/// <summary>What an operator does to the disk of a node that is not running: makes it a node's, once, or
/// begins a life of it after it was lost.</summary>
public static class DiskIdentity
{
    /// <summary>Makes an empty directory the one of a node that never promised anything.</summary>
    public static DiskPlan Init(DiskStart start, IReadOnlyList<DiskFile> files)
    {
        var contents = DiskContents.Read(start.Identity, files);
        var found = contents.Findings;
        if (contents.IsUntouchable) return new DiskPlan(found.Damage, 0, null, []);
        if (found.Life is { } old)
        {
            return DiskPlan.Refused(
                WalVerdict.HasIdentity,
                $"it is that of {start.Identity} already, in life {old.Incarnation}; a node is made once");
        }

        if (!found.IsEmpty)
        {
            return DiskPlan.Refused(
                WalVerdict.Corrupt,
                $"{found.Damage!.Message}. A node was here before: 'hyperscale recover' begins a life of it");
        }

        var plan = new Outbox<DiskCommand>();
        var life = new DiskLife(IdentityFile.Next(null, start.Nonce), 1, HasLog: false);
        IdentityFile.Replace(start.Identity, life, plan);
        return new DiskPlan(null, life.Incarnation, null, [.. plan.Effects]);
    }

    /// <summary>Begins a life above every earlier one and sets aside what is there, whatever it is.</summary>
    /// <param name="asked">The incarnation to begin, where the operator knows better than what is left of the
    /// disk and the wall clock.</param>
    public static DiskPlan Recover(DiskStart start, long? asked, IReadOnlyList<DiskFile> files)
    {
        var contents = DiskContents.Read(start.Identity, files);
        var found = contents.Findings;
        if (found.Damage is { Verdict: WalVerdict.ForeignCluster or WalVerdict.ForeignNode } foreign)
            return new DiskPlan(foreign, 0, null, []);
        if (!start.CanLearn) return DiskPlan.Refused(WalVerdict.NoReplica, start.WhyLost);
        var newest = found.NewestLife;
        var incarnation = asked ?? StartDecision.NextLife(newest, start);
        if (incarnation <= Math.Max(newest, 1))
        {
            return DiskPlan.Refused(
                WalVerdict.HasIdentity,
                $"incarnation {incarnation} is not above {Math.Max(newest, 1)}, the newest that is known");
        }

        if (incarnation > StartDecision.LifeMax)
        {
            return DiskPlan.Refused(
                WalVerdict.HasIdentity,
                $"incarnation {incarnation} is above {StartDecision.LifeMax}, the highest that there may be");
        }

        var plan = new Outbox<DiskCommand>();
        var life = new DiskLife(IdentityFile.Next(found.Life?.Boot, start.Nonce), incarnation, HasLog: false);
        var setsAside = Replace(contents, start.Identity, life, plan);
        foreach (var file in files.OrderBy(file => file.Name, StringComparer.Ordinal))
        {
            if (file.Name == WalFiles.Identity || !WalFiles.IsRead(file.Name)) continue;
            plan.Emit(new DiskCommand.SetAside(file.Name, contents.NextDamaged));
            setsAside = true;
        }

        if (setsAside) plan.Emit(new DiskCommand.SyncDirectory());
        return new DiskPlan(
            null, incarnation, setsAside ? contents.NextDamaged : null, [.. plan.Effects]);
    }

    /// <summary>Replaces the identity file; one that says nothing is set aside first.</summary>
    /// <returns>Whether one was.</returns>
    internal static bool Replace(
        DiskContents contents, WalIdentity identity, DiskLife life, Outbox<DiskCommand> plan)
    {
        var damaged = contents.DamagedIdentity;
        if (damaged is not null)
        {
            plan.Emit(new DiskCommand.SetAside(damaged, contents.NextDamaged));
            plan.Emit(new DiskCommand.SyncDirectory());
        }

        IdentityFile.Replace(identity, life, plan);
        return damaged is not null;
    }
}
