namespace Hyperscale.Det.Benchmarks;

/// <summary>One client, which has one submission under way at a time.</summary>
internal interface ISubmitter : IDisposable
{
    /// <summary>Submits what was never submitted before and waits for the answer; null when it was taken,
    /// else what was answered instead.</summary>
    /// <param name="number">No other submission of the run has it.</param>
    Task<string?> SubmitAsync(long number);
}
