namespace Hyperscale.Det.Shell.Cli.Views;

/// <summary>The view that suits the reader.</summary>
internal static class ProgressViews
{
    /// <param name="isSilent">Only the result is to be shown.</param>
    public static IProgressView For(JobPlan plan, bool isSilent, CliContext context)
    {
        if (isSilent) return new SilentProgress(context);
        return context.IsTerminal ? new LiveProgress(plan, context) : new PlainProgress(plan, context);
    }
}
