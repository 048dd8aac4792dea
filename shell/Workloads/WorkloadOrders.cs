using System.Collections;
using System.Globalization;
using System.Runtime.InteropServices;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Shell.Processes;

namespace Hyperscale.Det.Shell.Workloads;

/// <summary>What a workload's process is started with.</summary>
internal static class WorkloadOrders
{
    // The runtime's own settings for our processes; a command of the user's does not inherit them.
    private static readonly string[] RuntimeSettings =
        ["DOTNET_gcServer=0", "DOTNET_TieredPGO=0", "DOTNET_EnableDiagnostics=0"];

    // Between arrivals the thread pool would spin for the next one, which takes more than the requests do.
    // Virtual users keep it busy, and without spinning a lone one would be half as fast.
    private const string NoSpinning = "DOTNET_ThreadPool_UnfairSemaphoreSpinLimit=0";

    /// <summary>The hidden command and its first order.</summary>
    public static (string Mode, byte[] Order) For(AttemptKey attempt, WorkflowSpec workflow)
    {
        switch (workflow.Kind)
        {
            case WorkflowKind.Http:
                Invariant.Holds(workflow.Http is not null);
                var http = HttpOrderOf(workflow, workflow.Http!);
                return (
                    WorkloadProgram.LoadHttp, WorkloadControl.Encode(http, WorkloadJson.Default.HttpOrder));
            case WorkflowKind.Exec:
                Invariant.Holds(workflow.Exec is not null);
                var command = new CommandOrder(workflow.Exec!.Command, CommandEnvironment(attempt, workflow));
                return (
                    WorkloadProgram.Supervise,
                    WorkloadControl.Encode(command, WorkloadJson.Default.CommandOrder));
            default:
                throw new System.Diagnostics.UnreachableException($"unhandled {workflow.Kind}");
        }
    }

    public static IReadOnlyList<string> OwnEnvironment(bool isPaced) =>
        isPaced ? [.. Inherited(), .. RuntimeSettings, NoSpinning] : [.. Inherited(), .. RuntimeSettings];

    /// <summary>Says why a program could not be started.</summary>
    public static string StartFault(string program, int error) => error switch
    {
        NativeProcess.NoSuchFile => $"command not found: {program}",
        NativeProcess.AccessDenied => $"command not executable: {program}",
        _ => $"command could not be started: {program}: {Marshal.GetPInvokeErrorMessage(error)}",
    };

    private static HttpOrder HttpOrderOf(WorkflowSpec workflow, HttpSpec http) => new(
        http.Method,
        http.Url,
        [.. http.Headers.SelectMany(h => new[] { h.Name, h.Value })],
        http.Body,
        http.Expect,
        http.Timeout.Nanoseconds,
        workflow.Duration.Nanoseconds,
        workflow.Vus,
        workflow.Ramp?.Nanoseconds,
        workflow.Rate);

    private static IReadOnlyList<string> CommandEnvironment(AttemptKey attempt, WorkflowSpec workflow) =>
    [
        .. Inherited().Where(v => !v.StartsWith("HYPERSCALE_", StringComparison.Ordinal)),
        $"HYPERSCALE_JOB={attempt.Slot.Job}",
        $"HYPERSCALE_SLOT={Number(attempt.Slot.Slot)}",
        $"HYPERSCALE_EPOCH={Number(attempt.Slot.Epoch)}",
        $"HYPERSCALE_WORKFLOW={workflow.Name}",
        $"HYPERSCALE_WORKFLOW_INDEX={Number(attempt.Workflow)}",
        $"HYPERSCALE_ATTEMPT={Number(attempt.Attempt)}",
        $"HYPERSCALE_CORES={Number(workflow.Cores)}",
        $"HYPERSCALE_DURATION_MS={Number(workflow.Duration.Milliseconds)}",
    ];

    private static IEnumerable<string> Inherited()
    {
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
            yield return $"{variable.Key}={variable.Value}";
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
