using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>A submission without a key makes at most one job, whatever the network doubles; plans give each
/// submission a name of its own.</summary>
public sealed class OneJobPerSubmission() : Checker("one-job-per-submission", CheckerViews.None)
{
    private readonly SortedDictionary<string, JobId> _jobOf = new(StringComparer.Ordinal);
    private SortedSet<string>? _keyed;

    public override void OnAnswer(
        SimHost host, ClientRequest request, ClientResponse response, Instant askedAt)
    {
        if (response is not ClientResponse.Jobs jobs) return;
        _keyed ??= new SortedSet<string>(
            World.Plan.Operations.OfType<PlannedOperation.Submit>().Where(s => s.Key is not null)
                .SelectMany(submit => new[] { submit.Job.Name, submit.Job.Other.Name }),
            StringComparer.Ordinal);
        foreach (var job in jobs.List)
        {
            if (_keyed.Contains(job.Name)) continue;
            if (_jobOf.TryAdd(job.Name, job.Id)) continue;
            var first = _jobOf[job.Name];
            Require(first == job.Id, () => $"submission {job.Name} made {first} and {job.Id}");
        }
    }
}
