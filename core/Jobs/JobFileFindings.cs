namespace Hyperscale.Det.Jobs;

/// <summary>What is wrong or remarkable in a job file; bounded by
/// <see cref="JobLimits.FaultsMax"/>.</summary>
internal sealed class JobFileFindings(List<JobFault> faults, List<JobNote> notes)
{
    private readonly int _before = faults.Count;
    private int _notes;

    public bool HasFaults => faults.Count > _before;

    /// <summary>Further faults are not kept.</summary>
    public bool IsFull => faults.Count - _before >= JobLimits.FaultsMax;

    public void Fault(string path, string message)
    {
        if (IsFull) return;
        var isLast = faults.Count - _before == JobLimits.FaultsMax - 1;
        faults.Add(isLast
            ? new JobFault("$", $"has more faults than the {JobLimits.FaultsMax - 1} listed")
            : new JobFault(path, message));
    }

    public void Note(string path, string message)
    {
        if (_notes++ < JobLimits.FaultsMax) notes.Add(new JobNote(path, message));
    }
}
