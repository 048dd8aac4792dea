using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Slo;

/// <summary>A workflow of a job in one of its slots: what latencies are told of.</summary>
public readonly record struct LatencyOwner(int Slot, int Epoch, int Workflow) : IComparable<LatencyOwner>
{
    public int CompareTo(LatencyOwner other) =>
        Slot != other.Slot ? Slot.CompareTo(other.Slot)
        : Epoch != other.Epoch ? Epoch.CompareTo(other.Epoch)
        : Workflow.CompareTo(other.Workflow);

    public static bool operator <(LatencyOwner a, LatencyOwner b) => a.CompareTo(b) < 0;

    public static bool operator >(LatencyOwner a, LatencyOwner b) => a.CompareTo(b) > 0;

    public static bool operator <=(LatencyOwner a, LatencyOwner b) => a.CompareTo(b) <= 0;

    public static bool operator >=(LatencyOwner a, LatencyOwner b) => a.CompareTo(b) >= 0;
}

/// <summary>How the latencies of all jobs in a datacenter keep to their targets (AD-42). Soft state of who
/// leads the datacenter.</summary>
public sealed class JobLatencies(SloConfig config)
{
    /// <summary>Jobs that latencies are kept of; where there are more, or more than
    /// <see cref="SloLimits.OwnersMax"/> owners in all of them, those heard of last. Owners of which no
    /// bucket is left make room before any job does; what they told would count again.</summary>
    public const int JobsMax = 10_000;

    // A bucket that is under way may have begun in the window before.
    private const int WindowsMin = 2;

    // The one that was heard of longest ago first.
    private readonly LaneTable<JobId, Job> _jobs = new(lanes: 1);
    private readonly SloHealthClassifier _classifier = new(config);

    // Of all jobs together.
    private int _owners;

    // No owner is without buckets until a window has ended.
    private long _idleForgottenIn = -1;

    // What was found before this manager led.
    private SloMark? _inherited;

    /// <summary>By the newest report.</summary>
    public SloHealth Health => _classifier.Health;

    /// <summary>The job that made room for what was put last; null where none had to.</summary>
    public JobId? Evicted { get; private set; }

    /// <summary>Takes what a workflow's attempt tells of its latencies.</summary>
    /// <param name="attempt">The life of the owner: of a later one on, earlier ones are not heard.</param>
    /// <param name="revision">Of what this attempt tells.</param>
    /// <param name="total">Latencies that the attempt has had so far.</param>
    public BucketVerdict Put(
        JobId job,
        LatencySlo target,
        LatencyOwner owner,
        long attempt,
        long revision,
        LatencyBucket bucket,
        long total,
        Instant now)
    {
        Evicted = null;
        if (_owners == SloLimits.OwnersMax) ForgetIdle(now);
        var place = _jobs.Find(job);
        if (place < 0)
        {
            if (_jobs.Count == JobsMax) EvictOldest();
            var recent = new WindowedDigest<LatencyOwner>(config);
            place = _jobs.Add(job, new Job(job.ToString(), target, recent), 0);
        }

        _jobs.Move(place, 0);
        var digest = _jobs.ValueAt(place).Recent;
        var before = digest.Owners;
        var verdict = digest.Put(owner, attempt, revision, bucket, total, now);
        _owners += digest.Owners - before;
        if (_owners > SloLimits.OwnersMax) EvictOldest();
        return verdict;
    }

    /// <summary>Takes over what an earlier primary found, so that nobody is acquitted by who has heard
    /// little; false when that is forgotten, older than what is known, or overtaken by what was found
    /// since.</summary>
    public bool Inherit(SloStanding standing)
    {
        if (_classifier.HasJudged) return false;
        if (standing.Age >= config.EvaluationWindow * SloHealthClassifier.ForgottenAfterWindows) return false;
        if (_inherited is { } known && !standing.Mark.IsNewerThan(known)) return false;
        _inherited = standing.Mark;
        _classifier.Inherit(standing.Health);
        return true;
    }

    /// <summary>What the gates are to hear now, of the whole evaluation window; judges the datacenter's
    /// health by its newest windows.</summary>
    public DatacenterSlo Report(Instant now)
    {
        Forget(now);
        var all = new TDigest(config.TDigestDelta, config.TDigestMaxUnmerged);
        var (ratios, jobs) = (new List<SloRatios>(), new List<JobSlo>());
        foreach (var (id, job) in _jobs.In(0))
        {
            var recent = job.Recent.Recent(now);
            if (recent.Count == 0) continue;
            all.Merge(recent);
            var observed = LatencyObservation.Of(job.Name, recent, config.EvaluationWindow);
            var ratio = SloRatios.Of(observed, job.Target);
            ratios.Add(Bounded(ratio));
            jobs.Add(new JobSlo(id, SloSummary.Of(observed, SloComplianceScore.Of(ratio, config))));
        }

        var score = SloComplianceScore.Of(SloRatios.Mean(ratios), config);
        return new DatacenterSlo(
            _classifier.Observe(Newest(now), now),
            SloSummary.Of(LatencyObservation.Of("", all, config.EvaluationWindow), score),
            [.. jobs.OrderByDescending(job => job.Summary.Score).Take(config.MaxJobsPerHeartbeat)]);
    }

    /// <summary>Of as many of the newest windows as hold enough latencies. A rule asks how long its ratio has
    /// lasted; judged by the whole evaluation window, one slow moment would last as long as that.</summary>
    private SloRatios Newest(Instant now)
    {
        var ratios = SloRatios.None;
        var windows = Math.Min(WindowsMin, config.WindowsJudged);
        for (; windows <= config.WindowsJudged && ratios.Samples < config.MinSampleCount; windows++)
            ratios = SloRatios.Mean(_jobs.In(0).Select(job => RatiosOf(job.Value, windows, now)));
        return ratios;
    }

    private SloRatios RatiosOf(Job job, int windows, Instant now)
    {
        var observed = LatencyObservation.Of(
            "", job.Recent.Recent(windows, now), config.WindowDuration * windows);
        return Bounded(SloRatios.Of(observed, job.Target));
    }

    // A job whose targets nobody could keep is not to outweigh all that keep theirs.
    private SloRatios Bounded(SloRatios ratios) => ratios.AtMost(2 * config.RuleRatioMax);

    public void CheckInvariants()
    {
        Invariant.Holds(_jobs.Count <= JobsMax);
        Invariant.Holds(_owners <= SloLimits.OwnersMax);
        var owners = 0;
        foreach (var (_, job) in _jobs.In(0))
        {
            job.Recent.CheckInvariants();
            owners += job.Recent.Owners;
        }

        Invariant.Holds(owners == _owners);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((long)_jobs.Count);
        foreach (var (id, job) in _jobs.In(0))
        {
            id.AddTo(ref fingerprint);
            job.Recent.AddTo(ref fingerprint);
        }

        fingerprint.Add(_idleForgottenIn);
        _classifier.AddTo(ref fingerprint);
        fingerprint.Add(_inherited?.View ?? -1);
        fingerprint.Add(_inherited?.Life ?? -1);
        fingerprint.Add(_inherited?.Version ?? -1);
    }

    private void ForgetIdle(Instant now)
    {
        var window = now.Nanoseconds / config.WindowDuration.Nanoseconds;
        if (window == _idleForgottenIn) return;
        _idleForgottenIn = window;
        Forget(now, isIdleToo: true);
    }

    private void Forget(Instant now, bool isIdleToo = false)
    {
        List<JobId>? gone = null;
        foreach (var (id, job) in _jobs.In(0))
        {
            var before = job.Recent.Owners;
            job.Recent.Forget(now);
            if (isIdleToo) job.Recent.ForgetIdle();
            _owners += job.Recent.Owners - before;
            if (job.Recent.IsEmpty) (gone ??= []).Add(id);
        }

        if (gone is null) return;
        foreach (var id in gone) Remove(_jobs.Find(id));
    }

    private void EvictOldest()
    {
        var place = _jobs.OldestIn(0);
        Evicted = _jobs.KeyAt(place);
        Remove(place);
    }

    private void Remove(int place)
    {
        _owners -= _jobs.ValueAt(place).Recent.Owners;
        _jobs.Remove(place);
    }

    private sealed record Job(string Name, LatencySlo Target, WindowedDigest<LatencyOwner> Recent);
}
