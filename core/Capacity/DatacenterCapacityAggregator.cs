using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Capacity;

/// <summary>The cores of all datacenters as their managers report them, less what gates have dispatched since
/// (AD-43).</summary>
/// <remarks>Soft state: it makes placement better and admits nothing, which is the managers' business. Times
/// are of this gate's clock: when a report came, and offsets in it.</remarks>
public sealed partial class DatacenterCapacityAggregator(CapacityConfig config)
{
    private const int Fresh = 0;
    private const int Silent = 1;

    /// <summary>How long a silent manager's cores are still counted, as unavailable, in thresholds of
    /// staleness.</summary>
    private const int GoneAfter = 10;

    // Of many managers it takes long to join the schedules, and each report is a small part of them.
    private static readonly Duration JoinPerManager = Duration.FromMicroseconds(100);

    // By when they were heard of last; those that fell silent in a lane of their own.
    private readonly LaneTable<NodeId, Entry> _managers = new(lanes: 2);
    private readonly LaneTable<DatacenterName, Datacenter> _datacenters = new(lanes: 1);

    /// <summary>Managers that there are reports of; at most
    /// <see cref="CapacityLimits.ManagersMax"/>.</summary>
    public int Managers => _managers.Count;

    /// <summary>Takes a manager's report.</summary>
    public CapacityVerdict Accept(ManagerCapacity report, Instant now)
    {
        ForgetSilent(now);
        var slot = _managers.Find(report.Manager);
        if (slot >= 0 && !report.IsNewerThan(_managers.ValueAt(slot).Report)) return CapacityVerdict.Stale;
        if (slot >= 0 && _managers.ValueAt(slot).Report.Datacenter != report.Datacenter)
        {
            Forget(slot);
            slot = -1;
        }

        var datacenter = Of(report.Datacenter);
        if (report.View < datacenter.View) return CapacityVerdict.Superseded;
        var isOtherView = report.View > datacenter.View;
        if (isOtherView) BeginView(datacenter, report.View);
        if (slot < 0)
        {
            if (_managers.Count == CapacityLimits.ManagersMax) ForgetOldest();
            slot = _managers.Add(report.Manager, new Entry(datacenter, report, now), Fresh);
            // Forgetting may have taken the datacenter's last manager, and the datacenter with it.
            if (!_datacenters.Contains(datacenter.Name)) _datacenters.Add(datacenter.Name, datacenter, 0);
            datacenter.Members.Add(report.Manager);
        }
        else
        {
            Uncount(_managers.ValueAt(slot), _managers.LaneOf(slot));
            _managers.ValueAt(slot) = new Entry(datacenter, report, now);
            _managers.Move(slot, Fresh);
        }

        Count(_managers.ValueAt(slot), Fresh);
        datacenter.HeardAt = now;
        datacenter.IsJoined = false;
        if (isOtherView) DropShownIn(report.Datacenter);
        DropShown(report.Manager);
        return CapacityVerdict.Accepted;
    }

    /// <summary>What is known of a datacenter.</summary>
    /// <param name="cores">That a job needs at once; the estimated wait is for as many.</param>
    /// <param name="health">As it was classified; it is only carried along.</param>
    /// <param name="isKept">Whether schedules that are joined for the answer are kept for the next ones; else
    /// later answers are what they would be without this one.</param>
    public DatacenterCapacity View(
        DatacenterName name, int cores, DatacenterHealth health, Instant now, bool isKept = true)
    {
        // It is the time that makes reports silent: whoever looks first only notes it.
        ForgetSilent(now);
        var slot = _datacenters.Find(name);
        if (slot < 0 || _datacenters.ValueAt(slot) is not { HeardAt: { } heardAt } datacenter)
            return new(name.Text, 0, 0, 0, default, default, null, 1, health, null, IsFresh: false);
        var debited = DebitedIn(name, now);
        var available = (int)Math.Clamp(datacenter.Free - debited, 0, CapacityLimits.CoresMax);
        var age = now - heardAt;
        return new DatacenterCapacity(
            name.Text,
            (int)Math.Min(datacenter.Total, CapacityLimits.CoresMax),
            available,
            datacenter.Pending,
            Seconds(datacenter.PendingSeconds),
            Seconds(datacenter.ActiveSeconds),
            available >= cores ? Duration.Zero : WaitIn(datacenter, cores, debited, now, isKept),
            datacenter.Total == 0 ? 1 : 1 - ((double)available / datacenter.Total),
            health,
            age,
            age <= config.StalenessThreshold);
    }

    /// <summary>Throws when sums and reports contradict each other.</summary>
    public void CheckInvariants()
    {
        _managers.CheckInvariants();
        _datacenters.CheckInvariants();
        Invariant.Holds(_managers.Count <= CapacityLimits.ManagersMax);
        foreach (var (_, datacenter) in _datacenters.In(0))
        {
            Invariant.Holds(datacenter.Members.Count > 0);
            long total = 0, free = 0, pending = 0;
            foreach (var manager in datacenter.Members)
            {
                var slot = _managers.Find(manager);
                var report = _managers.ValueAt(slot).Report;
                if (report.View < datacenter.View) continue;
                total += report.TotalCores;
                if (_managers.LaneOf(slot) == Silent) continue;
                free += report.AvailableCores;
                pending += report.Details?.PendingWorkflowCount ?? 0;
            }

            Invariant.Holds(datacenter.Total == total);
            Invariant.Holds(datacenter.Free == free);
            Invariant.Holds(datacenter.Pending == pending);
        }

        CheckDebits();
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        foreach (var lane in (int[])[Fresh, Silent])
        {
            foreach (var (manager, entry) in _managers.In(lane))
            {
                fingerprint.Add(manager);
                fingerprint.Add(entry.At);
                fingerprint.Add(entry.Report.View);
                fingerprint.Add(entry.Report.Incarnation);
                fingerprint.Add(entry.Report.Version);
                fingerprint.Add((long)entry.Report.TotalCores);
                fingerprint.Add((long)entry.Report.FreeCores);
                entry.Report.Details?.AddTo(ref fingerprint);
            }
        }

        foreach (var (name, datacenter) in _datacenters.In(0))
        {
            fingerprint.Add(name.Text);
            fingerprint.Add(datacenter.View);
            fingerprint.Add(datacenter.HeardAt ?? Instant.Never);
            fingerprint.Add(datacenter.JoinedAt);
            fingerprint.Add(datacenter.IsJoined);
        }

        AddDebitsTo(ref fingerprint);
    }

    private Datacenter Of(DatacenterName name)
    {
        var slot = _datacenters.Find(name);
        if (slot >= 0) return _datacenters.ValueAt(slot);
        var datacenter = new Datacenter(name);
        _datacenters.Add(name, datacenter, 0);
        return datacenter;
    }

    /// <summary>What was reported under lower views no longer counts.</summary>
    private static void BeginView(Datacenter datacenter, long view)
    {
        datacenter.View = view;
        datacenter.Total = datacenter.Free = datacenter.Pending = 0;
        datacenter.PendingSeconds = datacenter.ActiveSeconds = 0;
    }

    private void ForgetSilent(Instant now)
    {
        for (var slot = _managers.OldestIn(Fresh);
            slot >= 0 && now - _managers.ValueAt(slot).At > config.StalenessThreshold;
            slot = _managers.OldestIn(Fresh))
        {
            var entry = _managers.ValueAt(slot);
            Uncount(entry, Fresh);
            _managers.Move(slot, Silent);
            Count(entry, Silent);
            entry.Datacenter.IsJoined = false;
        }

        for (var slot = _managers.OldestIn(Silent);
            slot >= 0 && now - _managers.ValueAt(slot).At > config.StalenessThreshold * GoneAfter;
            slot = _managers.OldestIn(Silent))
            Forget(slot);
    }

    private void ForgetOldest() =>
        Forget(_managers.CountIn(Silent) > 0 ? _managers.OldestIn(Silent) : _managers.OldestIn(Fresh));

    private void Forget(int slot)
    {
        var entry = _managers.ValueAt(slot);
        Uncount(entry, _managers.LaneOf(slot));
        entry.Datacenter.Members.Remove(entry.Report.Manager);
        entry.Datacenter.IsJoined = false;
        if (entry.Datacenter.Members.Count == 0) _datacenters.Remove(entry.Datacenter.Name);
        _managers.Remove(slot);
    }

    private static void Count(in Entry entry, int lane) => Count(entry, lane, 1);

    private static void Uncount(in Entry entry, int lane) => Count(entry, lane, -1);

    private static void Count(in Entry entry, int lane, int sign)
    {
        var (datacenter, report) = (entry.Datacenter, entry.Report);
        if (report.View < datacenter.View) return;
        datacenter.Total += sign * report.TotalCores;
        if (lane == Silent) return;
        datacenter.Free += sign * report.AvailableCores;
        if (report.Details is not { } details) return;
        datacenter.Pending += sign * details.PendingWorkflowCount;
        datacenter.PendingSeconds += sign * (Int128)details.PendingDurationSeconds;
        datacenter.ActiveSeconds += sign * (Int128)details.ActiveRemainingSeconds;
    }

    private Duration? WaitIn(Datacenter datacenter, int cores, long debited, Instant now, bool isKept)
    {
        var isDue = datacenter.Schedule.Total == 0
            || now - datacenter.JoinedAt >= JoinPerManager * (datacenter.Members.Count - 1);
        var (schedule, joinedAt) = (datacenter.Schedule, datacenter.JoinedAt);
        if (!datacenter.IsJoined && isDue)
        {
            (schedule, joinedAt) = (Joined(datacenter, now), now);
            if (isKept)
                (datacenter.Schedule, datacenter.JoinedAt, datacenter.IsJoined) = (schedule, now, true);
        }

        if (cores > schedule.Total) return null;
        // What was dispatched takes its cores first. Behind the last step nobody knows; not sooner, at least.
        return schedule.WaitFor((int)Math.Min(cores + debited, schedule.Total), now - joinedAt);
    }

    private FreeingSchedule Joined(Datacenter datacenter, Instant now)
    {
        var steps = new List<FreeingStep>();
        foreach (var manager in datacenter.Members)
        {
            var slot = _managers.Find(manager);
            var entry = _managers.ValueAt(slot);
            if (_managers.LaneOf(slot) == Silent || entry.Report.View < datacenter.View) continue;
            if (entry.Report.Details is not { } details) continue;
            foreach (var step in details.Freeing.Steps)
            {
                var offset = Duration.Longer(step.Offset - (now - entry.At), Duration.Zero);
                steps.Add(new FreeingStep(offset, step.Cores));
            }
        }

        if (datacenter.Members.Count > 1) steps.Sort((a, b) => a.Offset.CompareTo(b.Offset));
        return FreeingSchedule.Of(Bounded(steps));
    }

    private static IEnumerable<FreeingStep> Bounded(List<FreeingStep> steps)
    {
        var room = CapacityLimits.CoresMax;
        foreach (var step in steps)
        {
            yield return step with { Cores = Math.Min(step.Cores, room) };
            room -= Math.Min(step.Cores, room);
        }
    }

    private static Duration Seconds(Int128 seconds) => Duration.FromSeconds(
        (long)Int128.Min(seconds, CapacityLimits.WaitMax.Nanoseconds / 1_000_000_000));

    private readonly record struct Entry(Datacenter Datacenter, ManagerCapacity Report, Instant At);

    /// <summary>Sums over the reports that count: those of the highest view, and what is free only of
    /// managers that are not silent.</summary>
    private sealed class Datacenter(DatacenterName name)
    {
        public DatacenterName Name { get; } = name;

        public SortedSet<NodeId> Members { get; } = [];

        public long View { get; set; }

        public Instant? HeardAt { get; set; }

        public long Total { get; set; }

        public long Free { get; set; }

        public long Pending { get; set; }

        public Int128 PendingSeconds { get; set; }

        public Int128 ActiveSeconds { get; set; }

        public FreeingSchedule Schedule { get; set; } = FreeingSchedule.Empty;

        public Instant JoinedAt { get; set; } = Instant.Zero;

        public bool IsJoined { get; set; }
    }
}
