using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>A submission makes at most one job, whatever the network doubles and the client repeats; plans
/// give each submission a name of its own.</summary>
public sealed class OneJobPerSubmission() : Checker("one-job-per-submission", CheckerViews.None)
{
    private readonly SortedDictionary<string, JobId> _jobOf = new(StringComparer.Ordinal);

    public override void OnAnswer(
        SimHost host, ClientRequest request, ClientResponse response, Instant askedAt)
    {
        if (response is not ClientResponse.Jobs jobs) return;
        foreach (var job in jobs.List)
        {
            if (_jobOf.TryAdd(job.Name, job.Id)) continue;
            var first = _jobOf[job.Name];
            Require(first == job.Id, () => $"submission {job.Name} made {first} and {job.Id}");
        }
    }
}
