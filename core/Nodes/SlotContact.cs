using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Nodes;

/// <summary>Whether a slot is still wanted, as far as its datacenter heard.</summary>
/// <remarks>While a slot runs its manager asks the job's gates about it, again and again; the one that leads
/// the job's group, and surely does, answers. Attempts are started only for <see cref="Term"/> after the
/// sending of a question that was answered. So wherever a datacenter is cut off, nothing of a job is started
/// in it later than that after the job's end, and once it is heard again what is left is stopped.</remarks>
public sealed class SlotContact
{
    /// <summary>How long an answer lets attempts be started, from the sending of its question on. With
    /// clocks whose rates differ by up to a tenth it ends before a gate gives up waiting for a datacenter to
    /// acknowledge a cancellation.</summary>
    public static readonly Duration Term = Duration.FromSeconds(25);

    /// <summary>Between two questions; each slot has a moment of its own in it.</summary>
    public static readonly Duration AskInterval = Duration.FromSeconds(5);

    // Slots that are asked about in one step need only one.
    private static readonly Duration AskMoment = Duration.FromMilliseconds(10);

    /// <summary>After so long without a question a gate takes the datacenter for silent.</summary>
    public static readonly Duration SilentAfter = AskInterval * 3;

    private Instant _askedAt;

    private SlotContact(Instant? wantedAt) => WantedAt = wantedAt;

    /// <summary>When the slot was surely wanted, for the last time that this manager knows of; null before
    /// the first.</summary>
    public Instant? WantedAt { get; private set; }

    /// <summary>Until when attempts may be started; null where no gate was heard.</summary>
    public Instant? WantedUntil => WantedAt + Term;

    /// <summary>Whether the newest question was answered, or none was asked.</summary>
    public bool IsAnswered => WantedAt >= _askedAt;

    /// <summary>Of a slot that a gate had started.</summary>
    /// <param name="askedAt">When it asked for that.</param>
    public static SlotContact Started(Instant askedAt) => new(askedAt);

    /// <summary>Of a slot that another primary, or this one in another life, started.</summary>
    public static SlotContact Unheard() => new(null);

    /// <summary>When the slot is asked about next: at its own moment of the interval, so that gates are not
    /// asked at once about all slots that were started, or taken over, together.</summary>
    /// <param name="hash">Of the slot.</param>
    public static Instant NextQuestion(Instant now, ulong hash)
    {
        var interval = AskInterval.Nanoseconds;
        var moment = AskMoment.Nanoseconds * (long)(hash % (ulong)(interval / AskMoment.Nanoseconds));
        var past = (now.Nanoseconds - moment) % interval;
        return now + new Duration(past < 0 ? -past : interval - past);
    }

    /// <summary>Whether attempts may be started.</summary>
    public bool IsWanted(Instant now) => now < WantedUntil;

    /// <summary>A question is sent.</summary>
    public void Ask(Instant now) => _askedAt = now;

    /// <summary>A gate said that the slot is wanted. That counts from the sending of the question that it
    /// answers, however many were sent since; false when it tells nothing new.</summary>
    public bool Answer(Instant askedAt)
    {
        if (askedAt > _askedAt || (WantedAt is { } known && askedAt <= known)) return false;
        WantedAt = askedAt;
        return true;
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(WantedAt ?? Instant.Never);
        fingerprint.Add(_askedAt);
    }
}
