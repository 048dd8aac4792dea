using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Replication;

/// <summary>One committed entry of a ledger group's log, as the ledger applies it.</summary>
/// <param name="Op">Rises within its group; gaps are entries without a command.</param>
/// <param name="View">The view whose primary made the entry; never falls within a group.</param>
/// <param name="Stamp">The primary's wall time; never falls within a group. Replicas read no clock of their
/// own.</param>
public sealed record LogEntry(int Group, long Op, long View, WallTime Stamp, ReadOnlyMemory<byte> Command);
