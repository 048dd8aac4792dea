using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Sim.Plans;

/// <summary>Draws what clients do: each job from a stream of its own.</summary>
internal static class OperationGenerator
{
    private static readonly Duration FirstJob = Duration.FromMilliseconds(200);

    public static IReadOnlyList<PlannedOperation> Generate(ulong seed, Profile profile, PlanTopology topology)
    {
        var operations = new List<PlannedOperation>();
        var jobs = Rng.Stream(seed, "operations").Between(profile.JobsMin, profile.JobsMax);
        for (var i = 0; i < jobs; i++)
        {
            var rng = Rng.Stream(seed, "job", "", (ulong)i);
            var at = rng.Between(FirstJob, profile.FaultsEnd * 9 / 10);
            var client = (int)rng.Below(topology.Clients);
            var submit = operations.Count;
            var job = WithTargets(
                seed, WithLists(seed, topology, WithRaces(seed, i, JobOf(i, topology, rng))));
            operations.Add(new PlannedOperation.Submit(at, client, job, Watches: rng.Chance(3, 4)));
            var after = at + (rng.Chance(1, 2)
                ? rng.Between(Duration.FromMilliseconds(1), Duration.FromMilliseconds(200))
                : rng.Between(Duration.FromMilliseconds(200), Duration.FromSeconds(8)));
            var any = (int)rng.Below(topology.Clients);
            if (rng.Chance(1, 4)) operations.Add(new PlannedOperation.Cancel(after, any, submit));
            if (rng.Chance(1, 4)) operations.Add(new PlannedOperation.Get(after, any, submit));
            if (rng.Chance(1, 6))
            {
                operations.Add(new PlannedOperation.List(
                    after, any, (int)rng.Between(1, 50), LocalOnly: rng.Chance(1, 3)));
            }

            var race = Rng.Stream(seed, "cancellation at the end", "", (ulong)i);
            if (race.Chance(1, 8))
                operations.Add(new PlannedOperation.Cancel(at + EndOf(job, race), client, submit));
        }

        AddCrowd(seed, profile, topology, jobs, operations);
        AddKeys(seed, profile, topology, operations);
        AddUneven(seed, profile, topology, operations);
        return operations;
    }

    /// <summary>In some worlds many jobs come at about the same time, more than there are cores for, the
    /// short ones mixed with long ones.</summary>
    private static void AddCrowd(
        ulong seed, Profile profile, PlanTopology topology, long jobs, List<PlannedOperation> operations)
    {
        var crowd = Rng.Stream(seed, "crowd");
        if (profile.CrowdMax == 0 || !crowd.Chance(1, 3)) return;
        var begin = crowd.Between(FirstJob, profile.FaultsEnd * 2 / 3);
        var count = crowd.Between(profile.CrowdMax / 2, profile.CrowdMax);
        for (var i = 0; i < count; i++)
        {
            var rng = Rng.Stream(seed, "job of the crowd", "", (ulong)i);
            var duration = rng.Chance(1, 2)
                ? rng.Between(Duration.FromMilliseconds(100), Duration.FromSeconds(1))
                : rng.Between(Duration.FromSeconds(5), Duration.FromSeconds(20));
            var work = new PlannedWorkflow(
                WorkflowKind.Exec, (int)rng.Between(1, 2), duration, Duration.FromSeconds(1), []);
            var job = new PlannedJob(
                $"job-{jobs + i}", Datacenters: 1, Preferred: [], Only: [], RetryBudget: null,
                RetryBudgetPerWorkflow: null, BestEffort: null, [work]);
            operations.Add(new PlannedOperation.Submit(
                begin + rng.Between(Duration.Zero, Duration.FromSeconds(3)),
                (int)rng.Below(topology.Clients),
                WithTargets(seed, WithLists(seed, topology, job)),
                Watches: rng.Chance(1, 2)));
        }
    }

    /// <summary>In some worlds a job has long work in each of several datacenters, beside short work that may
    /// fail, and a retry for each: where the short work has used it, the others may keep theirs for longer
    /// than a larger share is waited for.</summary>
    private static void AddUneven(
        ulong seed, Profile profile, PlanTopology topology, List<PlannedOperation> operations)
    {
        var rng = Rng.Stream(seed, "uneven job");
        var count = topology.Datacenters.Count;
        if (profile.CrowdMax == 0 || count < 2 || !rng.Chance(1, 3)) return;
        var workflows = new List<PlannedWorkflow>
        {
            new(WorkflowKind.Exec, Cores: 1, rng.Between(
                Duration.FromSeconds(75), Duration.FromSeconds(90)), Duration.FromSeconds(3), []),
        };
        for (var i = 0; i < 6; i++)
            workflows.Add(new PlannedWorkflow(
                WorkflowKind.Exec, Cores: 1, rng.Between(
                    Duration.FromMilliseconds(100), Duration.FromMilliseconds(500)),
                Duration.FromSeconds(1), []));
        var job = new PlannedJob(
            "uneven", count, Preferred: [], Only: [], RetryBudget: count, RetryBudgetPerWorkflow: count,
            BestEffort: null, workflows);
        operations.Add(new PlannedOperation.Submit(
            rng.Between(FirstJob, profile.FaultsEnd / 4), (int)rng.Below(topology.Clients), job,
            Watches: true));
    }

    /// <summary>Lets some jobs that may run anywhere name several datacenters.</summary>
    private static PlannedJob WithLists(ulong seed, PlanTopology topology, PlannedJob job)
    {
        var rng = Rng.Stream(seed, "lists", job.Name);
        if (job.Only.Count > 0 || !rng.Chance(1, 3)) return job;
        var names = topology.Datacenters.Select(datacenter => datacenter.Name).ToList();
        var preferred = names.Where(_ => rng.Chance(1, 2)).ToList();
        while (names.Count > job.Datacenters && rng.Chance(1, 2)) names.Remove(rng.Pick(names));
        return job with { Preferred = preferred, Only = names };
    }

    /// <summary>Gives some jobs latency targets of their own, or some of them: such as no workload meets, as
    /// it does while nothing slows it, and as it always does.</summary>
    private static PlannedJob WithTargets(ulong seed, PlannedJob job)
    {
        var rng = Rng.Stream(seed, "latency targets", job.Name);
        if (rng.Chance(1, 2)) return job;
        return job with
        {
            Slo = rng.Pick([
                new SloSpec(1, 1, 1), new SloSpec(1, 2, 3), new SloSpec(10, 20, 40),
                new SloSpec(5, null, null), new SloSpec(null, 4, null), new SloSpec(null, null, 2),
                new SloSpec(100, 1000, 5000),
            ]),
        };
    }

    /// <summary>Gives most submissions a key, and repeats them: at once and late, by the same client and by
    /// others, now and then with another payload.</summary>
    private static void AddKeys(
        ulong seed, Profile profile, PlanTopology topology, List<PlannedOperation> operations)
    {
        var sequences = new long[topology.Clients];
        // A client counts in the order in which it submits.
        var submissions = Enumerable.Range(0, operations.Count)
            .Where(i => operations[i] is PlannedOperation.Submit)
            .OrderBy(i => operations[i].At)
            .ToList();
        foreach (var i in submissions)
        {
            var submit = (PlannedOperation.Submit)operations[i];
            var rng = Rng.Stream(seed, "key", submit.Job.Name);
            if (!rng.Chance(2, 3)) continue;
            var key = rng.Chance(1, 4)
                ? $"key of {submit.Job.Name}"
                : IdempotencyKey.Of(
                    $"client-{submit.Client}", sequences[submit.Client]++, Rng.Draw(seed, "nonce")).Text;
            // One that can never be a job: its key is rejected.
            var job = rng.Chance(1, 25) ? submit.Job with { Only = ["dc-of-nobody"] } : submit.Job;
            operations[i] = submit with { Job = job, Key = key };
            for (var repeats = rng.Below(4); repeats > 0; repeats--)
            {
                var wait = rng.Below(4) switch
                {
                    0 => rng.Between(Duration.FromMilliseconds(1), Duration.FromMilliseconds(50)),
                    1 => rng.Between(Duration.FromMilliseconds(50), Duration.FromSeconds(2)),
                    2 => rng.Between(Duration.FromSeconds(2), Duration.FromSeconds(15)),
                    _ => rng.Between(Duration.FromSeconds(15), profile.FaultsEnd),
                };
                var at = submit.At + wait;
                if (at > profile.FaultsEnd) at = profile.FaultsEnd;
                operations.Add(new PlannedOperation.Repeat(
                    at, (int)rng.Below(topology.Clients), i, IsOther: rng.Chance(1, 8)));
            }
        }
    }

    private static PlannedJob JobOf(int number, PlanTopology topology, Rng rng)
    {
        var names = topology.Datacenters.Select(dc => dc.Name).ToList();
        var preferred = rng.Chance(1, 3) ? [rng.Pick(names)] : Array.Empty<string>();
        string[] only = rng.Chance(1, 5) ? [rng.Pick(names)] : [];
        var allowed = only.Length > 0 ? only.Length : names.Count;
        var workflows = new List<PlannedWorkflow>();
        var count = rng.Between(1, 4);
        for (var i = 0; i < count; i++) workflows.Add(WorkflowOf(i, rng));
        var datacenters = (int)rng.Between(1, allowed);
        var bestEffort = new BestEffortSpec(
            Enabled: true,
            (int)rng.Between(1, datacenters),
            rng.Chance(1, 2) ? rng.Between(Duration.FromSeconds(2), Duration.FromSeconds(40)) : null,
            WaitForAll: rng.Chance(1, 2));
        return new PlannedJob(
            $"job-{number}",
            datacenters,
            preferred,
            only,
            rng.Chance(1, 3) ? (int)rng.Below(10) : null,
            rng.Chance(1, 3) ? (int)rng.Below(4) : null,
            rng.Chance(1, 4) ? bestEffort : null,
            workflows);
    }

    /// <summary>Lets some best-effort jobs end about when their deadline comes.</summary>
    private static PlannedJob WithRaces(ulong seed, int number, PlannedJob job)
    {
        var rng = Rng.Stream(seed, "deadline at the end", "", (ulong)number);
        return job.BestEffort is { } effort && rng.Chance(1, 2)
            ? job with { BestEffort = effort with { Deadline = EndOf(job, rng) } }
            : job;
    }

    /// <summary>About when the job's work is done, counted from its submission, should nothing go
    /// wrong.</summary>
    private static Duration EndOf(PlannedJob job, Rng rng)
    {
        var ends = new List<Duration>();
        foreach (var workflow in job.Workflows)
        {
            var begin = workflow.DependsOn.Select(other => ends[other]).Append(Duration.Zero).Max();
            ends.Add(begin + workflow.Duration);
        }

        return ends.Max() + rng.Between(Duration.FromMilliseconds(20), Duration.FromMilliseconds(800));
    }

    private static PlannedWorkflow WorkflowOf(int index, Rng rng)
    {
        var dependsOn = Enumerable.Range(0, index).Where(_ => rng.Chance(1, 3)).ToList();
        return new PlannedWorkflow(
            rng.Chance(3, 4) ? WorkflowKind.Http : WorkflowKind.Exec,
            (int)(rng.Chance(1, 10) ? rng.Between(3, 5) : rng.Between(1, 2)),
            rng.Below(3) switch
            {
                0 => rng.Between(Duration.FromMilliseconds(50), Duration.FromMilliseconds(500)),
                1 => rng.Between(Duration.FromMilliseconds(500), Duration.FromSeconds(3)),
                _ => rng.Between(Duration.FromSeconds(3), Duration.FromSeconds(10)),
            },
            rng.Between(Duration.FromMilliseconds(300), Duration.FromSeconds(3)),
            dependsOn);
    }
}
