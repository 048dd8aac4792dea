using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>What a datacenter tells of the latencies of its jobs (AD-42) rests on no more answers than there
/// were, and lies within what its targets took: nothing counts twice, however it came.</summary>
public sealed class LatenciesOnce() : Checker("latencies-once", CheckerViews.Sent)
{
    public override void OnSent(SimHost host, NodeId to, Message message)
    {
        if (message is not Message.ManagerHeartbeat { Slo: { } slo }) return;
        foreach (var job in slo.Jobs) Judge(host.Place.Datacenter, job);
    }

    private void Judge(string datacenter, JobSlo told)
    {
        var (job, summary) = told;
        var answers = World.Processes.AnswersOf(job, datacenter);
        Require(summary.Samples <= answers.Count, () =>
            $"{datacenter} tells of {summary.Samples} latencies of {job}; there were {answers.Count}");
        var slowest = answers.Slowest.Nanoseconds / 1e6;
        // As it is told, a latency has the precision of a single.
        Require(summary.P99Ms <= slowest * 1.000001, () =>
            $"{datacenter} tells of a p99 of {summary.P99Ms} ms of {job}; the slowest took {slowest} ms");
    }
}
