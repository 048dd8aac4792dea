using Hyperscale.Det.Replication;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>Nothing grows without a bound.</summary>
public sealed class BoundedQueues() : Checker("bounded-queues", CheckerViews.Samples)
{
    private const int EventsMax = 1_000_000;

    // Beside proposals, of which there are so many at most, a node appends what others propose.
    private const int RecordsMax = 2 * LedgerReplicas.InFlightMax;

    public override void OnSample()
    {
        Require(World.Scheduler.Pending <= EventsMax, () => $"{World.Scheduler.Pending} events are pending");
        foreach (var host in World.Hosts)
        {
            if (!host.IsRunning) continue;
            var bound = World.Plan.Options.Host.MailboxMax;
            // Who stands still cannot read; the real host slows its peers down meanwhile.
            var isFull = host.MailboxCount > bound && World.Now > host.HamperedUntil;
            Require(!isFull, () => $"{host.Id} has {host.MailboxCount} inputs waiting; {bound} are allowed");
            Bounded(host, host.Gate!.HeldCount, RecordsMax, "effects held back");
            Bounded(host, host.Log?.Pending ?? 0, RecordsMax, "records waiting for the disk");
        }
    }

    private void Bounded(SimHost host, int count, int bound, string what) =>
        Require(count <= bound, () => $"{host.Id} has {count} {what}; {bound} are allowed");
}
