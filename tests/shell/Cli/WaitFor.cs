namespace Hyperscale.Det.Tests.Shell.Cli;

internal static class WaitFor
{
    /// <summary>Waits for what no event tells, at most 30 seconds.</summary>
    public static async Task TrueAsync(Func<bool> condition)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition()) await Task.Delay(20, late.Token);
    }
}
