using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Shell.Resources;

/// <summary>One way to look at process trees and to hold them back; which one, the host's kernel
/// decides.</summary>
public interface IResourceEnforcer : IDisposable
{
    /// <summary>For reports: <c>cgroup-v2</c>, <c>cgroup-v1</c> or <c>proc</c>.</summary>
    string Name { get; }

    /// <summary>Takes a tree whose root has started nothing so far.</summary>
    /// <param name="root">A child of this process, the leader of a session of its own.</param>
    /// <param name="holdsRoot">Whether the root itself is held back, too; else it only looks after what runs
    /// below it.</param>
    IHeldTree Hold(int root, bool holdsRoot);

    /// <summary>Looks at everything that all trees are then read from.</summary>
    void Refresh();
}

/// <summary>One process tree, from before its root starts anything until nothing of it is left.</summary>
/// <remarks>Calls may come from any thread. A root that only looks after what runs below it is ours and not
/// the workload's: its memory and descriptors are in no reading, its processor time, which is next to none
/// once it has started, is.</remarks>
public interface IHeldTree : IDisposable
{
    /// <summary>What the tree uses, as of the last refresh; null when it could not be read.</summary>
    TreeReading? Read(Instant at);

    /// <summary>Holds the tree back; null lets it run freely.</summary>
    void Throttle(ThrottleOrder? order);

    /// <summary>Sends SIGKILL to everything of the tree but its root; how many processes there were, 0 once
    /// nothing is left.</summary>
    int Kill();
}
