using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Benchmarks;

/// <summary>A small, a middle and a large message, the same in every run.</summary>
internal static class SampleMessages
{
    private static readonly SlotKey Slot = new(new JobId(17, 123_456), 1, 1);

    public static readonly Message.ManagerHeartbeat Small =
        new("dc-west", new BootId(0x1234_5678_9ABC_DEF0), 8_812, true, 3, 40, 640, 128, 16, 12);

    public static readonly Message.ClientCall Middle = new(991, 1, new ClientRequest.SubmitJob(Job()));

    public static readonly Message.SlotFinished Large = new(Slot, new SlotOutcome(
        SlotState.Completed, "", [.. Enumerable.Range(0, 8).Select(Result)]));

    private static JobSpec Job() => new(
        "checkout",
        new DatacenterChoice(2, ["dc-west"], []),
        20,
        3,
        new BestEffortSpec(true, 1, Duration.FromMinutes(5), false),
        new SloSpec(50, 200, 500),
        [
            new Threshold(ThresholdMetric.P95Ms, ThresholdOperator.Below, 200_000_000, "p95Ms < 200"),
            new Threshold(ThresholdMetric.ErrorRate, ThresholdOperator.Below, 10_000, "errorRate < 0.01"),
        ],
        [Http("browse", "GET", null, []), Http("pay", "POST", """{"items":[1,2,3]}""", [0]), Exec([0, 1])]);

    private static WorkflowSpec Http(string name, string method, string? body, int[] dependsOn) => new(
        name, WorkflowKind.Http, 1, Duration.FromSeconds(10), Duration.FromSeconds(5), 20, null, dependsOn,
        new HttpSpec(
            method,
            $"http://shop.internal:8080/v2/{name}?page=1",
            [new("Accept", "application/json"), new("Authorization", "Bearer 0123456789abcdef")],
            body,
            [200, 201],
            Duration.FromSeconds(2)),
        null,
        null);

    private static WorkflowSpec Exec(int[] dependsOn) => new(
        "custom", WorkflowKind.Exec, 1, Duration.FromSeconds(10), Duration.FromSeconds(5), null, null,
        dependsOn, null, new ExecSpec(["sh", "-c", "exit 0"]), new ResourceBudget(100, 268_435_456, 1000));

    private static WorkflowResult Result(int workflow)
    {
        // Latencies as a real target has them: most around a few milliseconds, some far out.
        var rng = Rng.Stream(7, "latency", n: (ulong)workflow);
        var latency = LatencyDigest.From(Enumerable.Range(0, 20_000).Select(_ =>
            (Microseconds: (1000 + rng.Below(2000) + rng.Below(2000)) << (int)rng.Below(4), Count: 1L)));
        var stats = new RunStats(
            20_120, 120, 0, 81_920_000, latency,
            [new ErrorCount("status 503", 100), new ErrorCount("timeout", 20)]);
        return new WorkflowResult(workflow, 1, $"dc-west/worker-{workflow}", new AttemptOutcome(
            AttemptState.Completed, "", 0, stats, new byte[256]));
    }
}
