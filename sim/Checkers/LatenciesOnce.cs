using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Processes;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>What a datacenter tells of the latencies of its jobs (AD-42) rests on no more answers than there
/// were, and lies within what its targets took: nothing counts twice, however it came. Of a job whose
/// attempts all told their manager that they ended, it rests on all answers: the last two buckets come with
/// the end.</summary>
public sealed class LatenciesOnce() : LatencyReports("latencies-once", CheckerViews.Sent)
{
    // What each manager has heard the end of since it leads, by job.
    private readonly SortedDictionary<NodeId, SortedDictionary<JobId, SortedSet<AttemptKey>>> _ended = [];

    protected override void Forget(NodeId manager) => _ended.Remove(manager);

    protected override void Hear(
        SimHost host, ManagerNode manager, Message message, NodeVerdict verdict)
    {
        if (message is Message.AttemptFinished finished && verdict == NodeVerdict.Accepted)
            EndedOf(host.Id, finished.Attempt.Slot.Job).Add(finished.Attempt);
    }

    public override void OnSent(SimHost host, NodeId to, Message message)
    {
        if (message is not Message.ManagerHeartbeat { Slo: { } slo }) return;
        foreach (var job in slo.Jobs) Judge(host.Place.Datacenter, job);
    }

    private void Judge(string datacenter, JobSlo told)
    {
        var (job, summary) = told;
        // Of those workers each attempt has had as many as they like.
        if (World.HasHugeLies(datacenter)) return;
        var answers = World.Processes.AnswersOf(job, datacenter);
        Require(summary.Samples <= answers.Count, () =>
            $"{datacenter} tells of {summary.Samples} latencies of {job}; there were {answers.Count}");
        // What was made up counts no more often than what was measured, but for as long as it likes.
        if (World.HasLyingWorkers(datacenter)) return;
        var slowest = answers.Slowest.Nanoseconds / 1e6;
        // As it is told, a latency has the precision of a single.
        Require(summary.P99Ms <= slowest * 1.000001, () =>
            $"{datacenter} tells of a p99 of {summary.P99Ms} ms of {job}; the slowest took {slowest} ms");
    }

    protected override void Judge(SimHost host, DatacenterSlo slo)
    {
        if (!_ended.TryGetValue(host.Id, out var jobs)) return;
        var datacenter = host.Place.Datacenter;
        if (World.HasLyingWorkers(datacenter)) return;
        foreach (var (job, ended) in jobs)
        {
            if (!IsWhole(World.Processes.Of(job, datacenter), ended)) continue;
            var told = slo.Jobs.Where(one => one.Job == job).Sum(one => one.Summary.Samples);
            // The worst jobs alone are told where there are many.
            if (told == 0 && slo.Jobs.Count == World.Plan.Options.Manager.Slo.MaxJobsPerHeartbeat) continue;
            var count = World.Processes.AnswersOf(job, datacenter).Count;
            Require(told == count, () =>
                $"{datacenter} tells of {told} latencies of {job}, which has ended; there were {count}");
            if (count > 0) World.Coverage.Sometimes(Probe.LatenciesOfAJobWhole);
        }
    }

    /// <summary>Whether nothing that was lost or has grown old can have kept the manager from knowing all:
    /// each attempt had at most two buckets, and told them with its end.</summary>
    private bool IsWhole(IReadOnlyList<SimProcess> processes, SortedSet<AttemptKey> ended)
    {
        var slo = World.Plan.Options.Manager.Slo;
        // Clocks of workers and managers do not go at the same pace.
        var buckets = slo.WindowDuration * 2 * 9 / 10;
        var window = (slo.EvaluationWindow - slo.WindowDuration) * 9 / 10;
        return processes.All(process =>
            process.Told is not null && ended.Contains(process.Attempt)
            && process.EndedAt - process.StartedAt < buckets && World.Now - process.StartedAt < window);
    }

    private SortedSet<AttemptKey> EndedOf(NodeId manager, JobId job)
    {
        if (!_ended.TryGetValue(manager, out var jobs)) _ended.Add(manager, jobs = []);
        if (!jobs.TryGetValue(job, out var ended)) jobs.Add(job, ended = []);
        return ended;
    }
}
