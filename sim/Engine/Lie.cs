using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Sim.Engine;

/// <summary>What a node tells in place of the truth: bytes that anybody can read, and nothing that is
/// so.</summary>
public abstract class Lie
{
    private static readonly float LatencyMaxMs = (float)(LatencyDigest.LatencyMax.Nanoseconds / 1e6);

    private static readonly SloSummary Terrible = new(
        LatencyMaxMs, LatencyMaxMs, LatencyMaxMs, uint.MaxValue, (float)SloLimits.RatioMax,
        (float)SloLimits.FactorMax, Duration.Zero);

    private static readonly SloSummary Perfect = new(
        0, 0, 0, uint.MaxValue, 0, (float)SloLimits.FactorMin, Duration.Zero);

    /// <summary>Whether it tells of more than there can have been.</summary>
    public virtual bool IsHuge => false;

    /// <summary>The message as it is told.</summary>
    public abstract Message Tell(Message message);

    private protected static (SloHealth Health, SloSummary Summary) Extreme(bool isTerrible) => isTerrible
        ? (SloHealth.Of(SloRuleKind.P99Unhealthy), Terrible)
        : (SloHealth.Healthy, Perfect);
}

/// <summary>A manager tells gates of latencies as extreme as they can read.</summary>
public sealed class FalseLatencies(bool isTerrible) : Lie
{
    public override Message Tell(Message message)
    {
        if (message is not Message.ManagerHeartbeat heartbeat) return message;
        var (health, summary) = Extreme(isTerrible);
        return heartbeat with { Slo = new DatacenterSlo(health, summary, []) };
    }
}

/// <summary>A gate tells the others of a report of each datacenter that no later one is newer than.</summary>
public sealed class FalseGossip(bool isTerrible, IReadOnlyList<string> datacenters) : Lie
{
    private static readonly SloMark Never = new(long.MaxValue, long.MaxValue, long.MaxValue);

    public override Message Tell(Message message)
    {
        if (message is not Message.SloTold) return message;
        var (health, summary) = Extreme(isTerrible);
        return new Message.SloTold(
            [.. datacenters.Select(name => new SloGossip(name, Never, health, summary))]);
    }
}

/// <summary>A worker tells of a bucket of latencies with each message that was none, with numbers that jump:
/// as many as its attempt has had so far, each of any length; or many more.</summary>
/// <param name="isHuge">As many as a bucket may hold; the attempt's own count is made to fit.</param>
public sealed class FalseDigests(bool isHuge, Rng rng) : Lie
{
    private const long Many = LatencyBucket.CountMax * 20;

    public override bool IsHuge => isHuge;

    public override Message Tell(Message message)
    {
        switch (message)
        {
            case Message.AttemptProgressed progressed:
                var stats = progressed.Stats;
                if (isHuge) stats = stats with { Requests = Many, Latency = Of(Many) };
                return progressed with
                {
                    Stats = stats,
                    Bucket = Bucket(stats.Latency.Count),
                    Earlier = LatencyBucket.None,
                };
            case Message.AttemptFinished finished:
                // Of its result it tells the truth.
                return finished with
                {
                    Bucket = Bucket(finished.Outcome.Stats.Latency.Count),
                    Earlier = LatencyBucket.None,
                };
            default:
                return message;
        }
    }

    private LatencyBucket Bucket(long count) => count == 0
        ? LatencyBucket.None
        : new LatencyBucket(
            rng.Below(rng.Chance(1, 2) ? 10 : long.MaxValue), Of(Math.Min(count, LatencyBucket.CountMax)));

    private LatencyDigest Of(long count) =>
        LatencyDigest.From([(rng.Below(LatencyDigest.LatencyMax.Nanoseconds / 1_000), count)]);
}
