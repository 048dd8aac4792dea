using System.Text.Json;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Shell.Cli.Api;
using Hyperscale.Det.Shell.Cli.Views;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Cli;

/// <summary>Submits a job and stays with it until it has ended; the first signal cancels it.</summary>
internal sealed class JobFollower(GateClient gates, Interrupts interrupts, CliContext context)
{
    /// <summary>How long a cancelled job may take to end.</summary>
    private static readonly TimeSpan CancelMax = TimeSpan.FromSeconds(30);

    /// <param name="key">Made anew when null.</param>
    public async Task<AcceptedJson> SubmitAsync(JobFile file, string? target, IdempotencyKey? key)
    {
        try
        {
            return await gates.SubmitAsync(
                file.Bytes, target, key ?? ClientKeys.OfUser().Next(context.WriteError), interrupts.Asked);
        }
        catch (OperationCanceledException)
        {
            throw new CliException(ExitCode.JobCancelled, "interrupted before the job was accepted");
        }
    }

    /// <summary>Shows the job until it has ended.</summary>
    /// <returns>Everything that is known of the ended job.</returns>
    public async Task<StatusJson> FollowAsync(JobId job, IProgressView view)
    {
        using var stop = new CancellationTokenSource();
        var following = view.FollowAsync(new JobWatch(gates, context.Time).FollowAsync(job, stop.Token));
        if (await Task.WhenAny(following, interrupts.UntilAskedAsync()) != following)
            await CancelAsync(job, view, following, stop);
        await following;
        return await gates.GetAsync(job, CancellationToken.None, isPatient: true);
    }

    /// <summary>What the process ends with after this job.</summary>
    public static ExitCode CodeOf(StatusJson status) => ReportOf(status).Conclusion switch
    {
        JobConclusion.Passed => ExitCode.Ok,
        JobConclusion.Failed => ExitCode.JobFailed,
        JobConclusion.Cancelled => ExitCode.JobCancelled,
        JobConclusion.ThresholdCrossed => ExitCode.ThresholdCrossed,
        null => throw new CliException(ExitCode.InternalError, $"job {status.Id} has not ended"),
    };

    /// <summary>Draws an ended job's result, or writes it as JSON.</summary>
    public static void ShowResult(StatusJson status, JobPlan plan, bool isJson, CliContext context)
    {
        var report = ReportOf(status);
        if (isJson) context.Out.WriteLine(JsonSerializer.Serialize(report, ApiJson.Indented.ReportJson));
        else ResultView.Draw(status, report, plan, context);
    }

    /// <exception cref="CliException">The gate left the report of an ended job out.</exception>
    public static ReportJson ReportOf(StatusJson status) => status.Report
        ?? throw new CliException(ExitCode.InternalError, $"the gate gave no report of job {status.Id}");

    private async Task CancelAsync(
        JobId job, IProgressView view, Task following, CancellationTokenSource stop)
    {
        view.Note($"cancelling job {job}; a second signal ends at once");
        var deadline = Task.Delay(CancelMax, context.Time, stop.Token);
        var cancelling = gates.CancelAsync(job, stop.Token, isPatient: true);
        if (await Task.WhenAny(cancelling, deadline) == cancelling) await cancelling;
        if (await Task.WhenAny(following, deadline) == following) return;
        await stop.CancelAsync();
        throw new CliException(
            ExitCode.JobCancelled,
            $"job {job} did not end within {CancelMax.TotalSeconds:0} s of its cancellation");
    }
}
