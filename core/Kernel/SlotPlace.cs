namespace Hyperscale.Det.Kernel;

/// <summary>A slot of a job, whichever datacenter has it.</summary>
internal readonly record struct SlotPlace(JobId Job, int Slot) : IComparable<SlotPlace>, IHashed
{
    public ulong Hash => unchecked(Rng.Mix(Job.Hash ^ (ulong)Slot));

    public int CompareTo(SlotPlace other)
    {
        var order = Job.CompareTo(other.Job);
        return order != 0 ? order : Slot.CompareTo(other.Slot);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        Job.AddTo(ref fingerprint);
        fingerprint.Add((long)Slot);
    }
}
