using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Slo;

public enum BucketVerdict : byte
{
    Accepted,

    /// <summary>A newer revision of a bucket that is known.</summary>
    Replaced,

    /// <summary>No newer than what is known, or of an earlier life of its owner.</summary>
    Stale,

    /// <summary>Of a bucket that has been forgotten: it has counted already.</summary>
    Late,

    /// <summary>Too many owners.</summary>
    Full,

    /// <summary>With its owner's other buckets it counts more than its owner says that there are.</summary>
    Excessive,
}

/// <summary>Recent latencies of many owners, in buckets by the clock of who keeps them (AD-42).</summary>
/// <remarks>
/// An owner tells everything that is in its bucket so far, by (incarnation, bucket number, revision): what
/// comes again, or in another order, replaces and never adds. A bucket counts for the time at which it was
/// first heard of, since clocks of owners tell nothing here. What is older than the last
/// <c>MaxWindows</c> is forgotten, and what has been forgotten is not taken again.
/// </remarks>
public sealed class WindowedDigest<TOwner>(SloConfig config)
    where TOwner : IComparable<TOwner>
{
    private readonly SortedDictionary<TOwner, Owner> _owners = [];
    private long _window = long.MinValue;

    // Of all owners, by window, as far as it was asked for since something of it changed: most reports are of
    // the newest window, and the others are not merged again for them.
    private readonly SortedDictionary<long, LatencyDigest> _windows = [];

    // What was asked for since anything changed, by the first of its windows.
    private readonly SortedDictionary<long, TDigest> _merged = [];

    public bool IsEmpty => _owners.Count == 0;

    public int Owners => _owners.Count;

    /// <param name="total">Latencies of this life of the owner so far, as told with the bucket.</param>
    public BucketVerdict Put(
        TOwner owner, long incarnation, long revision, LatencyBucket bucket, long total, Instant now)
    {
        Forget(now);
        if (!_owners.TryGetValue(owner, out var known))
        {
            if (_owners.Count == SloLimits.OwnersMax) return BucketVerdict.Full;
            _owners.Add(owner, known = new Owner(incarnation));
        }

        if (incarnation < known.Incarnation) return BucketVerdict.Stale;
        if (incarnation > known.Incarnation) known.Begin(incarnation);
        var verdict = known.Put(revision, bucket, total, _window, config.MaxWindows, _windows);
        if (verdict is BucketVerdict.Accepted or BucketVerdict.Replaced) _merged.Clear();
        return verdict;
    }

    /// <summary>Everything of the last <see cref="SloConfig.EvaluationWindow"/>, in nanoseconds; not to be
    /// changed.</summary>
    public TDigest Recent(Instant now) => Recent(config.WindowsJudged, now);

    /// <summary>Likewise, everything of so many windows: of the present one and of those before it.</summary>
    public TDigest Recent(int windows, Instant now)
    {
        Forget(now);
        var from = _window - windows + 1;
        if (_merged.TryGetValue(from, out var known)) return known;
        var merged = new TDigest(config.TDigestDelta, config.TDigestMaxUnmerged);
        for (var window = from; window <= _window; window++) Of(window).AddTo(merged);
        merged.Settle();
        _merged.Add(from, merged);
        return merged;
    }

    /// <summary>Forgets what has become too old.</summary>
    public void Forget(Instant now)
    {
        var window = now.Nanoseconds / config.WindowDuration.Nanoseconds;
        if (window == _window) return;
        Invariant.Holds(window > _window);
        _window = window;
        _merged.Clear();
        while (_windows.Count > 0 && _windows.First().Key <= window - config.MaxWindows)
            _windows.Remove(_windows.First().Key);
        List<TOwner>? gone = null;
        foreach (var (name, owner) in _owners)
        {
            owner.Forget(window - config.MaxWindows);
            if (owner.HeardIn <= window - (2L * config.MaxWindows)) (gone ??= []).Add(name);
        }

        if (gone is null) return;
        foreach (var name in gone) _owners.Remove(name);
    }

    /// <summary>Forgets owners of which no bucket is left: should they tell again of what has been forgotten,
    /// it counts again.</summary>
    public void ForgetIdle()
    {
        List<TOwner> idle = [.. _owners.Where(owner => owner.Value.IsIdle).Select(owner => owner.Key)];
        foreach (var name in idle) _owners.Remove(name);
    }

    public void CheckInvariants()
    {
        Invariant.Holds(_owners.Count <= SloLimits.OwnersMax);
        foreach (var owner in _owners.Values) owner.CheckInvariants(_window, config.MaxWindows);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(_window);
        fingerprint.Add((long)_owners.Count);
        foreach (var owner in _owners.Values) owner.AddTo(ref fingerprint);
    }

    private LatencyDigest Of(long window)
    {
        if (_windows.TryGetValue(window, out var known)) return known;
        var merged = new TDigest(config.TDigestDelta, config.TDigestMaxUnmerged);
        foreach (var owner in _owners.Values) owner.AddTo(merged, window);
        known = LatencyDigest.Of(merged);
        _windows.Add(window, known);
        return known;
    }

    /// <summary>What one owner has told.</summary>
    private sealed class Owner(long incarnation)
    {
        private readonly SortedDictionary<(long Incarnation, long Number), Kept> _buckets = [];

        // Buckets of the newest life up to this number have counted and are forgotten.
        private long _forgotten = long.MinValue;

        // Latencies that the newest life has had: what overtakes on its way may tell of fewer.
        private long _total;

        public long Incarnation { get; private set; } = incarnation;

        /// <summary>In which window something of it came last.</summary>
        public long HeardIn { get; private set; } = long.MinValue;

        public bool IsIdle => _buckets.Count == 0;

        public void Begin(long incarnation) =>
            (Incarnation, _forgotten, _total) = (incarnation, long.MinValue, 0);

        /// <param name="windows">What was made of all owners' buckets; goes where it changes.</param>
        public BucketVerdict Put(
            long revision,
            LatencyBucket bucket,
            long total,
            long window,
            int bucketsMax,
            SortedDictionary<long, LatencyDigest> windows)
        {
            HeardIn = window;
            _total = Math.Max(_total, total);
            var key = (Incarnation, bucket.Number);
            if (_buckets.TryGetValue(key, out var known))
            {
                if (revision <= known.Revision) return BucketVerdict.Stale;
                if (IsExcessive(bucket)) return BucketVerdict.Excessive;
                _buckets[key] = known with { Revision = revision, Latency = bucket.Latency };
                windows.Remove(known.Window);
                return BucketVerdict.Replaced;
            }

            if (bucket.Number <= _forgotten) return BucketVerdict.Late;
            if (IsExcessive(bucket)) return BucketVerdict.Excessive;
            // Nobody measures faster than time passes; who says so loses what it said first.
            if (_buckets.Count == 2 * bucketsMax)
            {
                windows.Remove(_buckets.First().Value.Window);
                Forget(_buckets.First().Key);
            }

            _buckets.Add(key, new Kept(window, revision, bucket.Latency));
            windows.Remove(window);
            return BucketVerdict.Accepted;
        }

        /// <summary>Forgets buckets up to a window.</summary>
        public void Forget(long upTo)
        {
            List<(long, long)> old = [.. _buckets.Where(b => b.Value.Window <= upTo).Select(b => b.Key)];
            foreach (var key in old) Forget(key);
        }

        public void AddTo(TDigest digest, long window)
        {
            foreach (var kept in _buckets.Values)
                if (kept.Window == window) kept.Latency.AddTo(digest);
        }

        public void CheckInvariants(long window, int bucketsMax)
        {
            Invariant.Holds(_buckets.Count <= 2 * bucketsMax);
            foreach (var kept in _buckets.Values)
                Invariant.Holds(kept.Window <= window && kept.Window > window - bucketsMax);
        }

        public void AddTo(ref Fingerprint fingerprint)
        {
            fingerprint.Add(Incarnation);
            fingerprint.Add(HeardIn);
            fingerprint.Add(_forgotten);
            fingerprint.Add(_total);
            foreach (var ((incarnation, number), kept) in _buckets)
            {
                fingerprint.Add(incarnation);
                fingerprint.Add(number);
                fingerprint.Add(kept.Window);
                fingerprint.Add(kept.Revision);
                kept.Latency.AddTo(ref fingerprint);
            }
        }

        /// <summary>Whether the bucket, beside the others of this life, counts more latencies than it has
        /// had: each is in one bucket alone.</summary>
        private bool IsExcessive(LatencyBucket bucket)
        {
            var left = _total - bucket.Latency.Count;
            foreach (var ((incarnation, number), kept) in _buckets)
                if (incarnation == Incarnation && number != bucket.Number) left -= kept.Latency.Count;
            return left < 0;
        }

        private void Forget((long Incarnation, long Number) bucket)
        {
            _buckets.Remove(bucket);
            if (bucket.Incarnation == Incarnation) _forgotten = Math.Max(_forgotten, bucket.Number);
        }
    }

    private sealed record Kept(long Window, long Revision, LatencyDigest Latency);
}
