using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Sim.Plans;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Sim.Processes;

public enum WorkloadFate : byte { Completes, Fails, Hangs, DoesNotStart }

/// <summary>What a workload does when it is left alone: drawn from the seed and its attempt alone.</summary>
/// <param name="Length">From its start to its own end; of one that hangs, never reached.</param>
/// <param name="IsStubborn">It ends only when killed.</param>
/// <param name="RequestsPerSecond">Its requests grow evenly with time.</param>
/// <param name="ErrorsPerThousand">Of its requests.</param>
public sealed record WorkloadBehaviour(
    WorkloadFate Fate,
    Duration Length,
    bool IsStubborn,
    long RequestsPerSecond,
    int ErrorsPerThousand,
    ulong Seed)
{
    private const int LatencyClasses = 5;

    private static readonly Duration Overrun = Duration.FromMilliseconds(200);

    public static WorkloadBehaviour Of(
        ulong seed, AttemptKey attempt, WorkflowSpec workflow, WorkloadOptions options, bool isHealed)
    {
        var key = new Fingerprint();
        attempt.AddTo(ref key);
        var rng = Rng.Stream(seed, "workload", "", key.Value);
        var draw = rng.Below(1000);
        var fate = WorkloadFate.Completes;
        if (!isHealed)
        {
            if (draw < options.FailPerThousand) fate = WorkloadFate.Fails;
            else if (draw < options.FailPerThousand + options.HangPerThousand) fate = WorkloadFate.Hangs;
            else if (draw >= 1000 - options.NoStartPerThousand) fate = WorkloadFate.DoesNotStart;
        }

        var full = workflow.Duration + rng.Between(Duration.Zero, Overrun);
        var length = fate switch
        {
            WorkloadFate.Fails => rng.Between(Duration.Zero, workflow.Duration),
            WorkloadFate.DoesNotStart => Duration.FromMilliseconds(1),
            WorkloadFate.Hangs => new Duration(long.MaxValue / 4),
            WorkloadFate.Completes => full,
            _ => throw new System.Diagnostics.UnreachableException($"unhandled {fate}"),
        };
        return new WorkloadBehaviour(
            fate,
            length,
            rng.Chance(options.StubbornPerThousand, 1000),
            rng.Between(1, options.RequestsPerSecondMax),
            rng.Chance(1, 3) ? (int)rng.Below(200) : 0,
            rng.Next());
    }

    /// <summary>The numbers after the workload ran for a while, but for its latencies: they only
    /// grow.</summary>
    public RunStats StatsAfter(Duration elapsed, WorkflowKind kind)
    {
        if (Fate == WorkloadFate.DoesNotStart || kind == WorkflowKind.Exec) return RunStats.None;
        var requests = RequestsPerSecond * elapsed.Milliseconds / 1000;
        var errors = requests * ErrorsPerThousand / 1000;
        var answered = requests - errors;
        return new RunStats(
            requests,
            errors,
            Dropped: requests / 100,
            BytesReceived: answered * 512,
            LatencyDigest.Empty,
            errors == 0 ? [] : [new ErrorCount("status 503", errors)]);
    }

    /// <summary>Latencies of so many further answers, in microseconds.</summary>
    /// <param name="before">Answers that there were before.</param>
    /// <param name="times">How many times slower than usual.</param>
    public IEnumerable<(long Microseconds, long Count)> Latencies(long before, long further, int times)
    {
        var (upTo, left) = (before, before + further);
        for (var i = 0; i < LatencyClasses; i++)
        {
            // Each class is half of what the faster ones left, the last one all of it.
            var isLast = i == LatencyClasses - 1;
            var (earlier, count) = isLast ? (upTo, left) : (upTo - (upTo / 2), left - (left / 2));
            yield return (((long)(Rng.Mix(Seed ^ (ulong)i) % 1000) << i) * times, count - earlier);
            (upTo, left) = (upTo - earlier, left - count);
        }
    }
}
