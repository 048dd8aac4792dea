namespace Hyperscale.Det.Tests.Shell.Cli;

internal static class WaitFor
{
    /// <summary>Waits for what no event tells, at most a minute.</summary>
    public static Task TrueAsync(Func<bool> condition) => TrueAsync(() => Task.FromResult(condition()));

    public static async Task TrueAsync(Func<Task<bool>> condition)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition()) await Task.Delay(20, late.Token);
    }
}
