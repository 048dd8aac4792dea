using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Core.Slo;

public sealed class WindowedDigestTests
{
    private readonly WindowedDigest<int> _window = new(SloConfig.Default);

    [Fact]
    public void A_newer_revision_of_a_bucket_replaces_it()
    {
        Assert.Equal(BucketVerdict.Accepted, Put(1, 1, number: 1, revision: 1, samples: 10, at: 0));
        Assert.Equal(BucketVerdict.Replaced, Put(1, 1, number: 1, revision: 3, samples: 30, at: 1));
        Assert.Equal(BucketVerdict.Stale, Put(1, 1, number: 1, revision: 2, samples: 20, at: 2));
        Assert.Equal(BucketVerdict.Stale, Put(1, 1, number: 1, revision: 3, samples: 30, at: 3));

        Assert.Equal(30, CountAt(3));
    }

    [Fact]
    public void Buckets_owners_and_lives_add_up()
    {
        Put(1, 1, number: 1, revision: 1, samples: 1, at: 0);
        Put(1, 1, number: 2, revision: 2, samples: 10, at: 1);
        Put(2, 1, number: 1, revision: 1, samples: 100, at: 2);
        Put(1, 2, number: 1, revision: 1, samples: 1000, at: 3);

        Assert.Equal(1111, CountAt(3));
        Assert.Equal(BucketVerdict.Stale, Put(1, 1, number: 3, revision: 9, samples: 7, at: 4));
    }

    [Fact]
    public void A_bucket_counts_for_five_minutes_from_when_it_was_first_heard_of()
    {
        Put(1, 1, number: 1, revision: 1, samples: 5, at: 59);
        Put(1, 1, number: 1, revision: 2, samples: 6, at: 200);

        Assert.Equal(6, CountAt(299));
        Assert.Equal(0, CountAt(300));
    }

    [Fact]
    public void What_has_been_forgotten_is_not_taken_again()
    {
        Put(1, 1, number: 4, revision: 1, samples: 5, at: 0);
        Put(1, 1, number: 5, revision: 2, samples: 5, at: 250);

        Assert.Equal(5, CountAt(310));
        Assert.Equal(BucketVerdict.Late, Put(1, 1, number: 4, revision: 9, samples: 9, at: 311));
        Assert.Equal(BucketVerdict.Late, Put(1, 1, number: 3, revision: 9, samples: 9, at: 311));
        Assert.Equal(5, CountAt(311));
    }

    [Fact]
    public void An_owner_that_says_nothing_is_forgotten()
    {
        Put(1, 1, number: 1, revision: 1, samples: 5, at: 0);
        _window.Forget(At(599));
        Assert.False(_window.IsEmpty);
        _window.Forget(At(600));
        Assert.True(_window.IsEmpty);
    }

    [Fact]
    public void Owners_are_bounded_and_so_are_the_buckets_of_each()
    {
        for (var number = 1; number <= 1000; number++)
            Put(1, 1, number, revision: number, samples: 1, at: 0);
        Assert.Equal(10, CountAt(0));
        for (var owner = 2; owner <= SloLimits.OwnersMax; owner++)
            Assert.Equal(BucketVerdict.Accepted, Put(owner, 1, number: 1, revision: 1, samples: 1, at: 0));
        Assert.Equal(
            BucketVerdict.Full, Put(SloLimits.OwnersMax + 1, 1, number: 1, revision: 1, samples: 1, at: 0));
        _window.CheckInvariants();
    }

    [Fact]
    public void Buckets_of_one_life_count_no_more_together_than_it_has_had()
    {
        Assert.Equal(BucketVerdict.Accepted, Told(number: 1, revision: 1, samples: 10, total: 10));
        Assert.Equal(BucketVerdict.Accepted, Told(number: 2, revision: 2, samples: 20, total: 30));
        Assert.Equal(BucketVerdict.Excessive, Told(number: 3, revision: 3, samples: 20, total: 49));
        Assert.Equal(BucketVerdict.Excessive, Told(number: 2, revision: 4, samples: 40, total: 49));
        Assert.Equal(30, CountAt(0));
        Assert.Equal(BucketVerdict.Replaced, Told(number: 2, revision: 5, samples: 39, total: 49));
        // What was overtaken on its way knew of fewer.
        Assert.Equal(BucketVerdict.Accepted, Told(number: 0, revision: 0, samples: 5, total: 54));
        Assert.Equal(BucketVerdict.Accepted, Told(number: 7, revision: 1, samples: 1, total: 1, life: 2));
        Assert.Equal(55, CountAt(0));

        BucketVerdict Told(long number, long revision, int samples, long total, long life = 1) =>
            _window.Put(1, life, revision, Bucket(number, samples), total, At(0));
    }

    [Fact]
    public void What_overtook_an_earlier_bucket_says_how_much_there_is_of_both()
    {
        Assert.Equal(
            BucketVerdict.Accepted, _window.Put(1, 1, revision: 5, Bucket(1, 30), total: 40, At(0)));
        Assert.Equal(
            BucketVerdict.Accepted, _window.Put(1, 1, revision: 1, Bucket(0, 10), total: 10, At(1)));
        Assert.Equal(40, CountAt(1));
    }

    /// <summary>Whatever is lost, doubled or late on the way, no latency counts twice, and what arrived in
    /// its newest revision counts in full.</summary>
    [Fact]
    public void Updates_in_any_order_and_number_count_as_the_newest_of_each_bucket() =>
        Gen.Select(Gen.Int[1, 3], Gen.Int[1, 4], Gen.Int[1, 6]).List[1, 60].Sample(updates =>
        {
            var window = new WindowedDigest<int>(SloConfig.Default);
            var newest = new SortedDictionary<(int, int), int>();
            foreach (var (owner, number, revision) in updates)
            {
                window.Put(owner, 1, revision, Bucket(number, 10 * revision), total: 240, At(1));
                newest[(owner, number)] = Math.Max(newest.GetValueOrDefault((owner, number)), revision);
                window.CheckInvariants();
            }

            Assert.Equal(newest.Values.Sum(revision => 10 * revision), window.Recent(At(2)).Count);
        });

    /// <summary>However often it was asked for meanwhile, what is kept of windows is never older than their
    /// buckets.</summary>
    [Fact]
    public void What_is_asked_for_in_between_changes_nothing() => Gen.Select(
            Gen.Int[1, 3], Gen.Int[1, 12], Gen.Int[1, 6], Gen.Int[0, 40], Gen.Int[1, 5])
        .List[1, 60].Sample(updates =>
        {
            var asked = new WindowedDigest<int>(SloConfig.Default);
            var silent = new WindowedDigest<int>(SloConfig.Default);
            var at = 0;
            foreach (var (owner, number, revision, seconds, windows) in updates)
            {
                at += seconds;
                foreach (var digest in new[] { asked, silent })
                    digest.Put(owner, 1, revision, Bucket(number, 10 * revision), total: 1000, At(at));
                _ = asked.Recent(windows, At(at));
            }

            for (var windows = 1; windows <= 5; windows++)
                Assert.Equal(silent.Recent(windows, At(at)).Count, asked.Recent(windows, At(at)).Count);
        });

    private BucketVerdict Put(
        int owner, long incarnation, long number, long revision, int samples, long at)
    {
        var verdict = _window.Put(
            owner, incarnation, revision, Bucket(number, samples), total: 1_000_000, At(at));
        if (owner % 1000 == 1) _window.CheckInvariants();
        return verdict;
    }

    private long CountAt(long at) => _window.Recent(At(at)).Count;

    private static LatencyBucket Bucket(long number, int samples) =>
        new(number, LatencyDigest.From([(5_000, samples)]));

    private static Instant At(long seconds) => Instant.Zero + Duration.FromSeconds(seconds);
}
