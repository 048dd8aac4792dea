using Hyperscale.Det.Durability;
using Hyperscale.Det.Shell.Config;
using Hyperscale.Det.Shell.Disk;

namespace Hyperscale.Det.Shell.Hosting;

/// <summary>What is done to a node's disk while the node does not run.</summary>
public static class NodeDisk
{
    /// <summary>Whose directory the one of these settings is.</summary>
    public static DiskOwner OwnerOf(NodeSettings settings) => new(
        settings.Topology.ClusterId, settings.Id, settings.Topology.CopiesOf(settings.Id));

    /// <summary>Makes the directory that of a new node of a new cluster.</summary>
    /// <returns>False where it is that already, and <paramref name="mayExist"/> allows it.</returns>
    /// <exception cref="DataDirectoryException">There is a node, or what is left of one.</exception>
    /// <exception cref="DiskFailureException">The disk failed.</exception>
    public static bool Init(NodeSettings settings, bool mayExist = false)
    {
        using var directory = DataDirectory.Open(settings.DataDirectory);
        var plan = DiskIdentity.Init(OwnerOf(settings).NewStart(), directory.Read());
        if (mayExist && plan.Fault is { Verdict: WalVerdict.HasIdentity }) return false;
        CarryOut(plan, settings, directory);
        return true;
    }

    /// <summary>Begins a life of a node whose disk is lost.</summary>
    /// <param name="incarnation">The life's number; null for one above all that are known.</param>
    /// <exception cref="DataDirectoryException">The directory is another node's, the node is running, or
    /// nobody else keeps what it kept.</exception>
    /// <exception cref="DiskFailureException">The disk failed.</exception>
    public static DiskPlan Recover(NodeSettings settings, long? incarnation)
    {
        using var directory = DataDirectory.Open(settings.DataDirectory);
        var plan = DiskIdentity.Recover(OwnerOf(settings).NewStart(), incarnation, directory.Read());
        CarryOut(plan, settings, directory);
        return plan;
    }

    private static void CarryOut(DiskPlan plan, NodeSettings settings, DataDirectory directory)
    {
        if (plan.Fault is { } fault)
        {
            throw new DataDirectoryException(
                $"the data directory {settings.DataDirectory} is left as it is: {fault.Message}");
        }

        foreach (var command in plan.Commands) directory.Execute(command);
    }
}
