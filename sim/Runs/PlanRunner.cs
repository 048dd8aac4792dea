using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Sim.Checkers;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Sim.Runs;

/// <summary>Runs plans.</summary>
public static class PlanRunner
{
    public static RunResult Run(
        Plan plan,
        ITrace? trace = null,
        Func<NodePlace, INode>? createNode = null,
        IReadOnlyList<Checker>? checkers = null)
    {
        var world = new World(plan, createNode, checkers, trace);
        RunFailure? failure = null;
        try
        {
            world.Run();
        }
        catch (CheckFailedException e)
        {
            failure = new RunFailure(e.Checker, e.Message, $"{e}");
            trace?.OnNote(world.Now, $"FAILED {e.Message}");
        }

        return new RunResult(
            plan,
            failure,
            world.Scheduler.Hash,
            world.Scheduler.Events,
            world.Now - Instant.Zero,
            world.Coverage,
            FiguresOf(world));
    }

    /// <summary>Runs a plan twice: a second run that differs from the first is a failure of its
    /// own.</summary>
    public static RunResult RunTwice(Plan plan, Func<NodePlace, INode>? createNode = null)
    {
        var first = Run(plan, createNode: createNode);
        var second = Run(plan, createNode: createNode);
        if (first.Hash == second.Hash && first.Events == second.Events) return first;
        var message = $"determinism: two runs of one plan differ: {first.Events} events, {first.Hash:x16}; "
            + $"{second.Events} events, {second.Hash:x16}";
        return first with { Failure = new RunFailure("determinism", message, message) };
    }

    private static RunFigures FiguresOf(World world) => new(
        world.Network.MessagesSent,
        world.Network.BytesSent,
        world.Clients.Accepted.Count,
        world.Processes.StartedCount,
        world.Hosts.Max(host => host.MailboxCountMax),
        world.Hosts.Max(host => host.HeldCountMax),
        world.Network.InFlightMax);
}
