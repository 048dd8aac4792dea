using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Jobs;

/// <summary>One of a job's target places, under the epoch of its assignment to a datacenter.</summary>
public readonly record struct SlotKey(JobId Job, int Slot, int Epoch) : IComparable<SlotKey>
{
    public int CompareTo(SlotKey other)
    {
        var order = Job.CompareTo(other.Job);
        if (order == 0) order = Slot.CompareTo(other.Slot);
        return order != 0 ? order : Epoch.CompareTo(other.Epoch);
    }

    public static bool operator <(SlotKey a, SlotKey b) => a.CompareTo(b) < 0;

    public static bool operator >(SlotKey a, SlotKey b) => a.CompareTo(b) > 0;

    public static bool operator <=(SlotKey a, SlotKey b) => a.CompareTo(b) <= 0;

    public static bool operator >=(SlotKey a, SlotKey b) => a.CompareTo(b) >= 0;

    public override string ToString() => $"{Job}/{Slot}.{Epoch}";

    public void AddTo(ref Fingerprint fingerprint)
    {
        Job.AddTo(ref fingerprint);
        fingerprint.Add((long)Slot);
        fingerprint.Add((long)Epoch);
    }
}

/// <summary>One try at one workflow of a slot; <paramref name="Workflow"/> is its index in the job, attempts
/// count from 1.</summary>
public readonly record struct AttemptKey(SlotKey Slot, int Workflow, int Attempt) : IComparable<AttemptKey>
{
    public int CompareTo(AttemptKey other)
    {
        var order = Slot.CompareTo(other.Slot);
        if (order == 0) order = Workflow.CompareTo(other.Workflow);
        return order != 0 ? order : Attempt.CompareTo(other.Attempt);
    }

    public static bool operator <(AttemptKey a, AttemptKey b) => a.CompareTo(b) < 0;

    public static bool operator >(AttemptKey a, AttemptKey b) => a.CompareTo(b) > 0;

    public static bool operator <=(AttemptKey a, AttemptKey b) => a.CompareTo(b) <= 0;

    public static bool operator >=(AttemptKey a, AttemptKey b) => a.CompareTo(b) >= 0;

    public override string ToString() => $"{Slot}/w{Workflow}#{Attempt}";

    public void AddTo(ref Fingerprint fingerprint)
    {
        Slot.AddTo(ref fingerprint);
        fingerprint.Add((long)Workflow);
        fingerprint.Add((long)Attempt);
    }
}
