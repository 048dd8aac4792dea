using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Slo;

/// <summary>Which report of a datacenter is newer: of a higher view, a later life, or a later
/// version.</summary>
/// <param name="View">In which the manager leads; nobody else does in the same.</param>
/// <param name="Life">How often it was started.</param>
public readonly record struct SloMark(long View, long Life, long Version)
{
    public bool IsNewerThan(SloMark other) =>
        View != other.View ? View > other.View
        : Life != other.Life ? Life > other.Life
        : Version > other.Version;

    /// <summary>Whether the manager that reports this began to lead, or to live, after the other
    /// report.</summary>
    public bool IsOfLaterLeadThan(SloMark other) => IsNewerThan(other with { Version = long.MaxValue });
}

/// <summary>What one gate tells the others of a datacenter that it hears.</summary>
public sealed record SloGossip(string Datacenter, SloMark Mark, SloHealth Health, SloSummary Summary)
{
    public static void Write(FieldWriter writer, SloGossip told)
    {
        writer.Text(1, told.Datacenter);
        writer.Number(2, told.Mark.View);
        writer.Number(3, told.Mark.Life);
        writer.Number(4, told.Mark.Version);
        writer.Nested(5, new DatacenterSlo(told.Health, told.Summary, []), DatacenterSlo.Write);
    }

    public static SloGossip? Read(ref FieldReader reader)
    {
        var datacenter = "";
        long view = 0, life = 0, version = 0;
        DatacenterSlo? slo = null;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: datacenter = reader.Text("datacenter", Capacity.CapacityLimits.NameLengthMax); break;
                case 2: view = reader.Number("view", 0); break;
                case 3: life = reader.Number("life", 0); break;
                case 4: version = reader.Number("version", 0); break;
                case 5: slo = reader.Nested("slo", DatacenterSlo.Read); break;
                default: break;
            }
        }

        for (var field = 1; field <= 5; field++) reader.Require(field, $"field {field}");
        return reader.Fault is null
            ? new SloGossip(datacenter, new SloMark(view, life, version), slo!.Health, slo.Summary)
            : null;
    }
}

/// <summary>What a gate routes by of the latencies of a datacenter's jobs.</summary>
/// <param name="Summary">With its age.</param>
/// <param name="Level">By the gate's own bounds; null while there are no latencies.</param>
/// <param name="Factor">Of the routing score: what pressure on resources lets expect is in it. Before what
/// routing adds where targets are missed.</param>
public sealed record SloView(SloHealth Health, SloSummary Summary, SloLevel? Level, double Factor)
{
    /// <summary>Of the report that it rests on.</summary>
    public SloMark Mark { get; init; }

    /// <summary>How much longer jobs are routed by it.</summary>
    public Duration Left { get; init; }
}

/// <summary>The newest that a gate knows of the latencies of each datacenter's jobs, by heartbeats and by
/// what other gates tell; after <see cref="SloConfig.SummaryTtl"/> it counts for nothing.</summary>
public sealed class SloBoard(SloConfig config)
{
    private readonly SortedDictionary<string, Known> _known = new(StringComparer.Ordinal);

    /// <summary>Takes what a heartbeat told; false when it is no newer than what is known.</summary>
    public bool OnHeartbeat(string datacenter, SloMark mark, DatacenterSlo slo, Instant now)
    {
        var known = KnownOf(datacenter);
        // Another gate may have told of the same heartbeat before, but not of its jobs.
        if (known.HeardMark is not { } heard || mark.IsNewerThan(heard))
            (known.HeardMark, known.Jobs, known.JobsAt) = (mark, slo.Jobs, now);
        return Take(known, mark, slo.Health, slo.Summary, now);
    }

    /// <summary>Takes what another gate told; false when it is no newer than what is known, or too
    /// old.</summary>
    public bool OnGossip(SloGossip told, Instant now) =>
        config.IsFresh(told.Summary.Age)
        && Take(KnownOf(told.Datacenter), told.Mark, told.Health, told.Summary, now);

    /// <summary>How well a datacenter is by its jobs' latencies; healthy where nothing is known.</summary>
    public SloHealth HealthOf(string datacenter, Instant now) =>
        FreshOf(datacenter, now) is { } known ? known.Health : SloHealth.Healthy;

    /// <summary>How its jobs' latencies keep to their targets, by the bounds that are set here; null where
    /// nothing is known.</summary>
    public SloLevel? LevelOf(string datacenter, Instant now) =>
        FreshOf(datacenter, now) is { Summary: { Samples: > 0, Score: var score } }
            ? SloComplianceScore.LevelOf(score, config.Levels)
            : null;

    /// <summary>What is known of a datacenter, with its age; null where that is nothing.</summary>
    public (SloHealth Health, SloSummary Summary, SloMark Mark)? ViewOf(string datacenter, Instant now) =>
        FreshOf(datacenter, now) is { } known
            ? (known.Health, known.Summary with { Age = now - known.TrueAt }, known.Mark)
            : null;

    /// <summary>What is known of a job in a datacenter; null where that is nothing.</summary>
    public SloSummary? JobOf(string datacenter, JobId job, Instant now)
    {
        if (!_known.TryGetValue(datacenter, out var known) || !config.IsFresh(now - known.JobsAt))
            return null;
        foreach (var told in known.Jobs)
            if (told.Job == job) return told.Summary with { Age = now - known.JobsAt };
        return null;
    }

    /// <summary>What the last primary found wanting in a datacenter, however long ago; null where it found
    /// nothing, or whoever reports now has taken it over or has heard enough for long enough.</summary>
    /// <param name="mark">Of a report of the present one.</param>
    public SloStanding? StandingBefore(string datacenter, SloMark mark, Instant now)
    {
        if (!_known.TryGetValue(datacenter, out var known) || !known.IsHeardOf) return null;
        var isLast = known.Health != SloHealth.Healthy && mark.IsOfLaterLeadThan(known.Mark);
        if ((isLast ? known.Found : known.Before) is not { } found) return null;
        var age = now - found.At;
        return mark.IsOfLaterLeadThan(found.Mark) && age < SloLimits.StandingAgeMax
            ? new SloStanding(found.Mark, found.Health, age)
            : null;
    }

    /// <summary>What the other gates are to be told: what this one heard itself and has not told.</summary>
    public IReadOnlyList<SloGossip> TakeGossip(Instant now)
    {
        var told = new List<SloGossip>();
        foreach (var (datacenter, known) in _known)
        {
            if (known.HeardMark != known.Mark || known.ToldMark == known.Mark) continue;
            if (FreshOf(datacenter, now) is null) continue;
            known.ToldMark = known.Mark;
            told.Add(new SloGossip(
                datacenter, known.Mark, known.Health, known.Summary with { Age = now - known.TrueAt }));
        }

        return told;
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        foreach (var (datacenter, known) in _known)
        {
            fingerprint.Add(datacenter);
            fingerprint.Add(known.Mark.View);
            fingerprint.Add(known.Mark.Life);
            fingerprint.Add(known.Mark.Version);
            fingerprint.Add(known.HeardMark == known.Mark);
            fingerprint.Add(known.ToldMark == known.Mark);
            fingerprint.Add((long)known.Health.Health);
            fingerprint.Add((long)known.Health.Rule);
            known.Summary.AddTo(ref fingerprint);
            fingerprint.Add(known.TrueAt);
            fingerprint.Add(known.Before?.Mark.View ?? -1);
            fingerprint.Add(known.Before?.Mark.Life ?? -1);
            fingerprint.Add(known.Before?.Mark.Version ?? -1);
            fingerprint.Add((long)(known.Before?.Health.Rule ?? SloRuleKind.None));
            fingerprint.Add(known.Before?.At ?? Instant.Never);
            fingerprint.Add(known.EnoughSince ?? Instant.Never);
            fingerprint.Add(known.JobsAt);
            foreach (var job in known.Jobs)
            {
                job.Job.AddTo(ref fingerprint);
                job.Summary.AddTo(ref fingerprint);
            }
        }
    }

    private bool Take(Known known, SloMark mark, SloHealth health, SloSummary summary, Instant now)
    {
        // A mark that only another gate told of binds no longer than what it told counts: should it be one
        // that the datacenter never reaches, that is heard of again.
        var isBinding = known.HeardMark == known.Mark || IsFresh(known, now) || mark == known.Mark;
        if (known.IsHeardOf && isBinding && !mark.IsNewerThan(known.Mark)) return false;
        // A new primary has heard little: it does not acquit a datacenter that the last one found wanting,
        // but goes on from there once it has taken over what was found.
        var isHandedOver = known.Health != SloHealth.Healthy && health.Health >= known.Health.Health;
        if (IsFresh(known, now) && mark.View > known.Mark.View && summary.Samples < config.MinSampleCount
            && !isHandedOver)
            return false;
        Keep(known, mark, health, summary, now - summary.Age);
        (known.Mark, known.Health, known.Summary) = (mark, health, summary);
        known.TrueAt = now - summary.Age;
        known.IsHeardOf = true;
        return true;
    }

    /// <summary>Keeps what the last primary found until the next one has taken it over, or could have found
    /// it itself: what reminds it may be lost, and enough latencies alone tell nothing of what has to last.
    /// To be reminded once too often harms nobody who has found anything.</summary>
    private void Keep(Known known, SloMark mark, SloHealth health, SloSummary summary, Instant trueAt)
    {
        if (known.IsHeardOf && mark.IsOfLaterLeadThan(known.Mark))
        {
            known.EnoughSince = null;
            if (known.Health != SloHealth.Healthy)
                known.Before = known.Found;
        }

        if (known.Before is not { } before) return;
        if (summary.Samples < config.MinSampleCount) known.EnoughSince = null;
        else known.EnoughSince ??= trueAt;
        var isOver = health.Health >= before.Health.Health
            || (known.EnoughSince is { } since && trueAt - since >= config.SustainedOf(before.Health.Rule));
        if (isOver) (known.Before, known.EnoughSince) = (null, null);
    }

    private Known? FreshOf(string datacenter, Instant now) =>
        _known.TryGetValue(datacenter, out var known) && IsFresh(known, now) ? known : null;

    private bool IsFresh(Known known, Instant now) =>
        known.IsHeardOf && config.IsFresh(now - known.TrueAt);

    private Known KnownOf(string datacenter)
    {
        if (!_known.TryGetValue(datacenter, out var known)) _known.Add(datacenter, known = new Known());
        return known;
    }

    private sealed class Known
    {
        public bool IsHeardOf { get; set; }

        public SloMark Mark { get; set; }

        /// <summary>The newest that a heartbeat brought.</summary>
        public SloMark? HeardMark { get; set; }

        public SloMark? ToldMark { get; set; }

        public SloHealth Health { get; set; }

        public SloSummary Summary { get; set; }

        public Instant TrueAt { get; set; } = Instant.Zero;

        public (SloMark Mark, SloHealth Health, Instant At)? Found => (Mark, Health, TrueAt);

        /// <summary>What the primary before the one that reports found, while that one does not
        /// know.</summary>
        public (SloMark Mark, SloHealth Health, Instant At)? Before { get; set; }

        /// <summary>Since when the one that reports has heard enough to find that itself.</summary>
        public Instant? EnoughSince { get; set; }

        public IReadOnlyList<JobSlo> Jobs { get; set; } = [];

        public Instant JobsAt { get; set; } = Instant.Zero;
    }
}
