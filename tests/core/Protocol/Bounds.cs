using System.Collections;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Tests.Core.Protocol;

/// <summary>Asserts of a decoded value and everything in it that a node can work with it.</summary>
internal static class Bounds
{
    public static void Hold(object? value)
    {
        if (value is null) return;
        Judge(value);
        if (value is string or ReadOnlyMemory<byte> || value.GetType().IsPrimitive) return;
        if (value is IEnumerable list)
        {
            foreach (var element in list) Hold(element);
            return;
        }

        if (value.GetType().Namespace?.StartsWith("Hyperscale", StringComparison.Ordinal) != true) return;
        foreach (var property in value.GetType().GetProperties())
            Hold(property.GetValue(value));
    }

    private static void Judge(object value)
    {
        switch (value)
        {
            case string text: Assert.InRange(text.Length, 0, JobLimits.BodyLengthMax); break;
            case JobId id: Assert.True(id.Group is >= 0 and <= JobId.GroupMax && id.Op >= 0); break;
            case SlotKey slot: Assert.InRange(slot.Slot, 0, JobLimits.DatacentersMax - 1); break;
            case AttemptKey key:
                Assert.InRange(key.Workflow, 0, JobLimits.WorkflowsMax - 1);
                Assert.InRange(key.Attempt, 1, JobLimits.AttemptMax);
                break;
            case Duration duration: Assert.InRange(duration.Nanoseconds, 0, long.MaxValue / 2); break;
            case JobSpec spec: JudgeSpec(spec); break;
            case WorkflowSpec workflow: JudgeWorkflow(workflow); break;
            case HttpSpec http:
                Assert.InRange(http.Url.Length, 0, JobLimits.UrlLengthMax);
                Assert.InRange(http.Headers.Count, 0, JobLimits.HeadersMax);
                Assert.InRange(http.Expect.Count, 0, JobLimits.ExpectMax);
                break;
            case ExecSpec exec: Assert.InRange(exec.Command.Count, 1, JobLimits.CommandPartsMax); break;
            case RunStats stats: JudgeStats(stats); break;
            case AttemptOutcome outcome:
                Assert.InRange(outcome.Output.Length, 0, JobLimits.OutputBytesMax);
                Assert.InRange(outcome.Reason.Length, 0, JobLimits.ReasonLengthMax);
                break;
            case SlotOutcome outcome: JudgeRising(outcome.Workflows.Select(result => result.Workflow)); break;
            case JobStatus status: JudgeStatus(status); break;
            case WorkflowProgress progress:
                Assert.InRange(progress.RetryCauses.Count, 0, EarlierAttempt.CountMax);
                break;
            case SlotExplanation slot:
                Assert.InRange(slot.Grants.Count, 0, JobLimits.RetryBudgetMax);
                Assert.InRange(slot.Refusals.Count, 0, JobLimits.RefusalsToldMax);
                break;
            case Message.WorkerHeartbeat beat:
                Assert.InRange(beat.Cores, 1, JobLimits.CoresMax);
                Assert.InRange(beat.Attempts.Count, 0, ProtocolLimits.InventoryMax);
                break;
            case Message.ClientCall call: Assert.InRange(call.Hops, 0, ProtocolLimits.HopsMax); break;
            case ClientResponse.Jobs jobs:
                Assert.InRange(jobs.List.Count, 0, ProtocolLimits.JobsListMax);
                Assert.InRange(jobs.Missing.Count, 0, ProtocolLimits.GatesMax);
                break;
            case ClientResponse.Invalid bad: Assert.InRange(bad.Faults.Count, 0, JobLimits.FaultsMax); break;
            case Enum choice: Assert.True(Enum.IsDefined(choice.GetType(), choice)); break;
            default: break;
        }
    }

    private static void JudgeSpec(JobSpec spec)
    {
        Assert.InRange(spec.Workflows.Count, 1, JobLimits.WorkflowsMax);
        Assert.InRange(spec.Thresholds.Count, 0, JobLimits.ThresholdsMax);
        Assert.InRange(spec.Datacenters.Count, 1, JobLimits.DatacentersMax);
        var ended = new SortedSet<int>();
        // Every round ends at least one workflow, so a circle shows as a round that ends none.
        while (ended.Count < spec.Workflows.Count)
        {
            var ready = Enumerable.Range(0, spec.Workflows.Count)
                .Where(i => !ended.Contains(i) && spec.Workflows[i].DependsOn.All(ended.Contains)).ToList();
            Assert.NotEmpty(ready);
            ended.UnionWith(ready);
        }
    }

    private static void JudgeWorkflow(WorkflowSpec workflow)
    {
        var isHttp = workflow.Kind == WorkflowKind.Http;
        Assert.InRange(workflow.Cores, 1, JobLimits.CoresMax);
        Assert.Equal(isHttp, workflow.Http is not null);
        Assert.Equal(!isHttp, workflow.Exec is not null);
        if (workflow.Ramp is { } ramp)
            Assert.InRange(ramp.Nanoseconds, 0, workflow.Vus is null ? -1 : workflow.Duration.Nanoseconds);
        if (isHttp) Assert.NotEqual(workflow.Vus is null, workflow.Rate is null);
    }

    private static void JudgeStats(RunStats stats)
    {
        Assert.InRange(stats.Requests, 0, JobLimits.CountMax);
        Assert.InRange(stats.Errors, 0, stats.Requests);
        Assert.InRange(stats.Latency.Count, 0, stats.Requests);
        Assert.Equal(stats.Latency.Count, stats.Latency.Centroids.Sum(centroid => centroid.Weight));
        Assert.InRange(stats.ErrorKinds.Count, 0, JobLimits.ErrorKindsMax);
        Assert.All(stats.ErrorKinds, kind => Assert.InRange(kind.Count, 1, JobLimits.CountMax));
    }

    private static void JudgeStatus(JobStatus status)
    {
        Assert.InRange(status.Slots.Count, 0, JobLimits.DatacentersMax);
        foreach (var slot in status.Slots)
            Assert.All(slot.Workflows, w => Assert.InRange(w.Workflow, 0, status.Spec.Workflows.Count - 1));
    }

    private static void JudgeRising(IEnumerable<int> indices)
    {
        var last = -1;
        foreach (var index in indices)
        {
            Assert.InRange(index, last + 1, JobLimits.WorkflowsMax - 1);
            last = index;
        }
    }
}
