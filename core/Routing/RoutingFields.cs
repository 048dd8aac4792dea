using System.Buffers.Binary;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Routing;

/// <summary>Reports of routing as bytes, and back.</summary>
public static class RoutingFields
{
    // Of a score that are numbers.
    private const int Parts = 13;

    public static void Write(FieldWriter writer, RoutingReport report)
    {
        writer.Number(1, (long)report.Outcome);
        writer.Number(2, (long)report.Reason);
        writer.Number(3, report.PrimaryCount);
        foreach (var score in report.Ranking) writer.Nested(4, score, Write);
        foreach (var excluded in report.Excluded) writer.Nested(5, excluded, Write);
        foreach (var spillover in report.Spillovers) writer.Nested(6, spillover, Write);
        foreach (var alternative in report.Alternatives) writer.Text(7, alternative);
    }

    public static RoutingReport? Read(ref FieldReader reader)
    {
        var (outcome, reason, primaries) = (RoutingOutcome.Failed, RoutingReason.NoneEligible, 0);
        var ranking = new List<DatacenterRoutingScore>();
        var excluded = new List<Exclusion>();
        var spillovers = new List<SpilloverDecision>();
        var alternatives = new List<string>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: outcome = reader.Choice("outcome", RoutingOutcome.Failed); break;
                case 2: reason = reader.Choice("reason", RoutingReason.SloForced); break;
                case 3: primaries = reader.Integer("primaries", 0, RoutingReport.DatacentersMax); break;
                case 4: reader.Element("ranking", ranking, RoutingReport.DatacentersMax, ReadScore); break;
                case 5:
                    reader.Element("excluded", excluded, RoutingReport.DatacentersMax, ReadExclusion);
                    break;
                case 6:
                    reader.Element("spillovers", spillovers, RoutingReport.DatacentersMax, ReadSpillover);
                    break;
                case 7 when reader.HasRoom("alternatives", alternatives.Count, RoutingReport.DatacentersMax):
                    alternatives.Add(reader.Text("alternatives", RoutingReport.TextLengthMax));
                    break;
                default: break;
            }
        }

        for (var field = 1; field <= 3; field++) reader.Require(field, $"field {field}");
        if (primaries > ranking.Count) reader.Fail($"{primaries} primaries of {ranking.Count} datacenters");
        return reader.Fault is null
            ? new RoutingReport(outcome, reason, ranking, primaries, excluded, spillovers, alternatives)
            : null;
    }

    private static void Write(FieldWriter writer, DatacenterRoutingScore score)
    {
        writer.Text(1, score.Datacenter);
        writer.Number(2, (long)score.Bucket);
        double[] parts =
        [
            score.BlendedLatencyMs, score.ObservedLatencyMs, score.ObservedConfidence, score.PredictedRttMs,
            score.Utilization, score.QueueFactor, score.CircuitPressure, score.LoadFactor,
            score.QualityPenalty, score.SloFactor, score.PreferenceFactor, score.CooldownFactor, score.Score,
        ];
        WriteReals(writer, 3, parts);
        writer.Number(4, (long)score.Reason);
        if (score.SloLevel is { } level) writer.Number(5, (long)level);
        WriteReals(writer, 6, [score.BaselineMs]);
    }

    private static DatacenterRoutingScore ReadScore(ref FieldReader reader)
    {
        var (datacenter, bucket, reason) = ("", DatacenterHealth.Unhealthy, HealthReason.None);
        SloLevel? level = null;
        var (parts, baseline) = (new double[Parts], new double[1]);
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: datacenter = reader.Text("datacenter", CapacityLimits.NameLengthMax); break;
                case 2: bucket = reader.Choice("bucket", DatacenterHealth.Unhealthy); break;
                case 3: ReadReals(ref reader, parts); break;
                case 4: reason = reader.Choice("reason", HealthReason.Slo); break;
                case 5: level = reader.Choice("level", SloLevel.Critical); break;
                case 6: ReadReals(ref reader, baseline); break;
                default: break;
            }
        }

        for (var field = 1; field <= 3; field++) reader.Require(field, $"field {field}");
        return new DatacenterRoutingScore(
            datacenter, bucket, parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], parts[6],
            parts[7], parts[8], parts[9], parts[10], parts[11], parts[12])
        {
            Reason = reason,
            SloLevel = level,
            BaselineMs = baseline[0],
        };
    }

    private static void Write(FieldWriter writer, Exclusion excluded)
    {
        writer.Text(1, excluded.Datacenter);
        writer.Number(2, (long)excluded.Reason);
        writer.Number(3, (long)excluded.Health);
    }

    private static Exclusion ReadExclusion(ref FieldReader reader)
    {
        var (datacenter, reason, health) = ("", ExclusionReason.None, HealthReason.None);
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: datacenter = reader.Text("datacenter", CapacityLimits.NameLengthMax); break;
                case 2: reason = reader.Choice("reason", ExclusionReason.Unhealthy); break;
                case 3: health = reader.Choice("health", HealthReason.Slo); break;
                default: break;
            }
        }

        for (var field = 1; field <= 3; field++) reader.Require(field, $"field {field}");
        return new Exclusion(datacenter, reason, health);
    }

    private static void Write(FieldWriter writer, SpilloverDecision spillover)
    {
        writer.Flag(1, spillover.ShouldSpill);
        writer.Number(2, (long)spillover.Reason);
        writer.Text(3, spillover.PrimaryDatacenter);
        if (spillover.SpilloverDatacenter is { } other) writer.Text(4, other);
        if (spillover.PrimaryWait is { } wait) writer.Number(5, wait.Nanoseconds);
        if (spillover.SpilloverWait is { } there) writer.Number(6, there.Nanoseconds);
        WriteReals(writer, 7, [spillover.LatencyPenaltyMs]);
    }

    private static SpilloverDecision ReadSpillover(ref FieldReader reader)
    {
        var (shouldSpill, reason, primary) = (false, SpilloverReason.Disabled, "");
        string? other = null;
        Duration? wait = null, there = null;
        var penalty = new double[1];
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: shouldSpill = reader.Flag("shouldSpill"); break;
                case 2: reason = reader.Choice("reason", SpilloverReason.ImprovesWaitTime); break;
                case 3: primary = reader.Text("primary", CapacityLimits.NameLengthMax); break;
                case 4: other = reader.Text("spillover", CapacityLimits.NameLengthMax); break;
                case 5: wait = ReadWait(ref reader); break;
                case 6: there = ReadWait(ref reader); break;
                case 7: ReadReals(ref reader, penalty); break;
                default: break;
            }
        }

        reader.Require(1, "shouldSpill");
        reader.Require(2, "reason");
        reader.Require(3, "primary");
        reader.Require(7, "penalty");
        return new SpilloverDecision(shouldSpill, reason, primary, other, wait, there, penalty[0]);
    }

    private static Duration ReadWait(ref FieldReader reader) =>
        new(reader.Number("wait", 0, CapacityLimits.WaitMax.Nanoseconds));

    private static void WriteReals(FieldWriter writer, int field, ReadOnlySpan<double> values)
    {
        Span<byte> packed = stackalloc byte[Parts * sizeof(double)];
        for (var i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteDoubleLittleEndian(packed[(i * sizeof(double))..], values[i]);
        writer.Bytes(field, packed[..(values.Length * sizeof(double))]);
    }

    private static void ReadReals(ref FieldReader reader, double[] values)
    {
        var packed = reader.Bytes("values", values.Length * sizeof(double));
        if (reader.Fault is not null) return;
        if (packed.Length != values.Length * sizeof(double))
        {
            reader.Fail($"values has {packed.Length} bytes; {values.Length * sizeof(double)} are needed");
            return;
        }

        for (var i = 0; i < values.Length; i++)
        {
            values[i] = BinaryPrimitives.ReadDoubleLittleEndian(packed[(i * sizeof(double))..]);
            if (!double.IsFinite(values[i])) reader.Fail("a value is not finite");
        }
    }
}
