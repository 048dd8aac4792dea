using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;
using Hyperscale.Det.Tests.Core.Jobs;

namespace Hyperscale.Det.Tests.Core.Slo;

internal static class SloGens
{
    public static readonly Gen<string> SampleKind =
        Gen.Int[0, Samples.Kinds.Length - 1].Select(i => Samples.Kinds[i]);

    public static readonly Gen<SloSummary> Summary = Gen.Select(
        Gen.Float[0, 1000], Gen.Float[0, 1000], Gen.Float[0, 1000], Gen.OneOf(Gen.Const(0u), Gen.UInt),
        Gen.Float[0, 100],
        Gen.Float[0.5f, 3], Gen.Int[0, 60_000], (p50, more, most, samples, score, factor, age) =>
            samples == 0
                ? new SloSummary(0, 0, 0, 0, 1, factor, Duration.FromMilliseconds(age))
                : new SloSummary(
                    p50, p50 + more, p50 + more + most, samples, score, factor,
                    Duration.FromMilliseconds(age)));

    public static readonly Gen<SloHealth> Health = Gen.Enum<SloRuleKind>().Select(SloHealth.Of);

    public static readonly Gen<DatacenterSlo> Datacenter = Gen.Select(
        Health, Summary,
        Gen.Select(JobGens.JobId, Summary, (job, summary) => new JobSlo(job, summary)).List[0, 4],
        (health, summary, jobs) =>
            new DatacenterSlo(health, summary, [.. jobs.DistinctBy(job => job.Job)]));

    public static readonly Gen<SloGossip> Gossip = Gen.Select(
        Gen.Bool.Select(isA => isA ? "dc-a" : "dc-b"), Gen.Long[0, 1000], Gen.Long[0, 1000],
        Gen.Long[0, 1000], Health, Summary, (name, view, life, version, health, summary) =>
            new SloGossip(name, new SloMark(view, life, version), health, summary));
}
