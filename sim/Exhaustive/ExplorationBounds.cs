namespace Hyperscale.Det.Sim.Exhaustive;

/// <summary>How far an exploration goes. Messages may be lost, late or doubled without
/// bound.</summary>
/// <param name="Replicas">1 to 5.</param>
/// <param name="ViewMax">States beyond this view are not looked at; view 1 is the first that anybody
/// leads.</param>
/// <param name="EntriesMax">Entries that clients propose.</param>
/// <param name="CrashesMax">Crashes, each with any part of what is not synced on disk, and a restart.</param>
/// <param name="TicksMax">How often a replica's deadlines pass.</param>
internal sealed record ExplorationBounds(
    int Replicas, long ViewMax, int EntriesMax, int CrashesMax, int TicksMax = 0)
{
    public int Quorum => (Replicas / 2) + 1;

    public int PrimaryOf(long view) => (int)(view % Replicas);
}

/// <summary>What an exploration saw.</summary>
/// <param name="States">Different states of the whole group.</param>
/// <param name="LocalStates">Different states of single replicas.</param>
/// <param name="Depth">Most events on a shortest way to a state.</param>
/// <param name="Committing">States in which a client's entry is committed: without them nothing was
/// tested.</param>
/// <param name="IsComplete">Every state within the bounds was seen.</param>
/// <param name="Violation">The broken rule; null when none is.</param>
/// <param name="Way">A shortest way to the violation.</param>
internal sealed record ExplorationResult(
    int States,
    int LocalStates,
    long Transitions,
    int Depth,
    long Committing,
    bool IsComplete,
    string? Violation,
    IReadOnlyList<string> Way);

internal enum EventKind : byte
{
    Delivered,

    Synced,

    /// <summary>The argument says how many of the records that were not synced are on disk.</summary>
    Crashed,

    Proposed,

    /// <summary>The replica takes the primary of its view for dead.</summary>
    Suspected,

    /// <summary>All deadlines of the replica pass.</summary>
    Ticked,
}

/// <summary>One thing that can happen to one replica.</summary>
/// <param name="Argument">Number of the letter, of the records kept, or of the proposal.</param>
internal readonly record struct WorldEvent(EventKind Kind, int Replica, int Argument = 0);
