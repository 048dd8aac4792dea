using Hyperscale.Det.Jobs;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Shell.Json;

/// <summary>Why a guard killed a workload, with what it went by: CPU in percent of a core, memory in bytes.
/// </summary>
/// <param name="Violation"><c>cpu</c>, <c>memory</c> or <c>file_descriptors</c>.</param>
/// <param name="Limit">The budget.</param>
/// <param name="ProcessesKilled">Most that were seen of the tree from the decision on.</param>
/// <param name="WasForced">SIGTERM was not enough.</param>
/// <param name="Enforcer">How the worker's host looked at the tree and held it back.</param>
/// <param name="Samples">The newest, in order.</param>
/// <param name="Levels">Every level on the way, in order.</param>
public sealed record KillJson(
    string Violation,
    string Message,
    long Limit,
    long WarnAt,
    long ThrottleAt,
    long KillAt,
    int ProcessesKilled,
    bool WasForced,
    string Enforcer,
    IReadOnlyList<KillSampleJson> Samples,
    IReadOnlyList<KillLevelJson> Levels)
{
    internal static KillJson? Of(ResourceKill? kill) => kill is null ? null : new KillJson(
        ResourceKill.NameOf(kill.Violation),
        kill.Message,
        kill.Limit,
        kill.WarnAt,
        kill.ThrottleAt,
        kill.KillAt,
        kill.ProcessesKilled,
        kill.WasForced,
        kill.Enforcer,
        [.. kill.Samples.Select(s => new KillSampleJson(s.AgeMs, s.Raw, s.Filtered, s.Deviation))],
        [.. kill.Moves.Select(move => new KillLevelJson(ResourceKill.NameOf(move.To), move.AgeMs))]);
}

/// <param name="AgeMs">Before the kill was decided.</param>
/// <param name="Deviation">Of the filtered value.</param>
public sealed record KillSampleJson(long AgeMs, long Raw, long Filtered, long Deviation);

/// <param name="AgeMs">Before the kill was decided.</param>
public sealed record KillLevelJson(string Level, long AgeMs);

/// <summary>An attempt that a guard killed and that was followed by another one.</summary>
public sealed record EarlierKillJson(int Attempt, string Worker, KillJson Kill)
{
    /// <summary>Null where no guard killed any.</summary>
    internal static IReadOnlyList<EarlierKillJson>? Of(IReadOnlyList<EarlierAttempt> earlier)
    {
        var killed = earlier.Where(one => one.Kill is not null)
            .Select(one => new EarlierKillJson(one.Attempt, one.Worker, KillJson.Of(one.Kill)!))
            .ToList();
        return killed.Count == 0 ? null : killed;
    }
}

/// <summary>A workflow in a datacenter that a guard killed.</summary>
public sealed record KilledJson(string Workflow, string Datacenter, string Worker, KillJson Kill);
