using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Tests.Core.Resources;

/// <summary>Whatever tells two states apart shows in their fingerprints.</summary>
public sealed class ResourceFingerprintTests
{
    private static readonly NodeId A = NodeId.Of("a");
    private static readonly StateVersion Version = new(1, 1);

    private static readonly WorkerResourceReport Report =
        new(2, new ResourceUsage(1, 2, 3, 4), 1000, 5, [], null);

    [Fact]
    public void Two_states_of_one_version_have_two_fingerprints()
    {
        HealthRecord record = new(A, Version, 100, 200, Duration.Zero);
        Differ(
            HealthRecord.AddTo, record, record with { CpuPermille = 101 },
            record with { MemoryPermille = 1 });
        ManagerLocalView view = new(A, Version, default, [WorkerAggregate.Of(A, 1, Report)], Duration.Zero);
        var over = Report with { OverBudget = "memory" };
        Differ(
            ManagerLocalView.AddTo, view, view with { Workers = [] },
            view with { Self = new ResourceUsage(1, 0, 0, 0) },
            view with { Workers = [WorkerAggregate.Of(A, 1, over)] },
            view with { Workers = [WorkerAggregate.Of(A, 2, Report)] });
        Differ(
            WorkerResourceReport.AddTo, Report, over, Report with { Processes = 6 },
            Report with { Enforcer = "proc" },
            Report with { Workflows = [new WorkflowUsage(new JobId(0, 1), 0, 0, GuardLevel.Warn, default)] });
    }

    [Fact]
    public void Guards_that_saw_something_else_of_memory_or_descriptors_have_other_fingerprints() =>
        Assert.Distinct(new[] { (0.5, 0.1), (0.4, 0.1), (0.5, 0.2) }.Select(seen =>
        {
            var bench = new GuardBench();
            bench.Look(memory: seen.Item1, descriptors: seen.Item2);
            // What is filtered and what was read last are the same again.
            for (var i = 0; i < 3; i++) bench.Look(memory: 0.5, descriptors: 0.1);
            var fingerprint = new Fingerprint();
            bench.Guard.AddTo(ref fingerprint);
            return fingerprint.Value;
        }));

    private static void Differ<T>(StateAdder<T> add, params T[] states)
        where T : class => Assert.Distinct(states.Select(state =>
    {
        var tracker = new NodeHealthTracker<T>(Duration.FromSeconds(30), nodesMax: 2);
        tracker.Observe(A, Version, state, Instant.Zero);
        var fingerprint = new Fingerprint();
        tracker.AddTo(ref fingerprint, add);
        return fingerprint.Value;
    }));
}
