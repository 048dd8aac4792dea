using System.Globalization;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Cli.Views;

/// <summary>Why a job is where it is.</summary>
internal static class ExplanationView
{
    public static void Draw(ExplanationJson job, CliContext context)
    {
        var now = new WallTime(context.Time.GetUtcNow().ToUnixTimeMilliseconds());
        var state = Figures.Word(job.State);
        Screen.Line(
            Figures.Clean($"{job.Id} {Figures.WithReason(state, job.Reason)}"), state, context);
        context.Out.WriteLine($"{state} since {Since(job.Since, now)}");
        context.Out.WriteLine(Figures.Clean(Completion(job.Completion)));
        context.Out.WriteLine(Budget(job.RetryBudget));
        Screen.Draw(Slots(job.Slots), context);
        if (job.Waits.Count > 0) Screen.Draw(Waits(job.Waits, now), context);
        var workflows = job.Slots
            .SelectMany(slot => slot.Workflows.Where(IsWorthTelling).Select(workflow => (slot, workflow)))
            .ToList();
        if (workflows.Count > 0) Screen.Draw(Workflows(workflows), context);
        foreach (var (slot, workflow) in workflows)
        {
            var place = Place(slot.Slot, slot.Datacenter);
            foreach (var (attempt, _, earlier) in workflow.EarlierKills ?? [])
                DrawKill($"attempt {attempt} of {workflow.Workflow} in {place}", earlier, context);
            if (workflow.Kill is { } kill) DrawKill($"{workflow.Workflow} in {place}", kill, context);
        }

        if (job.RetryBudget.Grants.Count > 0) Screen.Draw(Grants(job.RetryBudget.Grants), context);
        if (job.Routing.Count > 0) context.Out.WriteLine("datacenters:");
        foreach (var line in job.Routing) context.Out.WriteLine(Figures.Clean($"  {line}"));
        DrawSlo(job.Slo, context);
        foreach (var slot in job.Slots)
        {
            foreach (var (datacenter, reason) in slot.Refusals)
                context.Out.WriteLine(Figures.Clean(
                    $"slot {Figures.Count(slot.Slot)} was not taken by {datacenter}: {reason}"));
        }
    }

    /// <summary>How the latencies of a job keep to their targets.</summary>
    public static void DrawSlo(IReadOnlyList<string> slo, CliContext context)
    {
        if (slo.Count > 0) context.Out.WriteLine("latencies:");
        foreach (var line in slo) context.Out.WriteLine(Figures.Clean($"  {line}"));
    }

    private static string Completion(CompletionJson completion) => completion switch
    {
        { When.Length: > 0 } => $"{completion.When}; deadline {Figures.Time(completion.Deadline)}",
        { Reason: "waiting" } =>
            $"ended before {completion.MinDcs} of {completion.Slots} datacenters completed",
        _ => $"{completion.Reason}: {completion.MinDcs} of {completion.Slots} datacenters were needed",
    };

    private static string Budget(RetryBudgetJson budget) => budget.Total == 0
        ? "retry budget: no retries"
        : $"retry budget: {Figures.Count(budget.Granted)} of {Figures.Count(budget.Total)} granted, "
            + $"{Figures.Count(budget.Left)} left, {Figures.Count(budget.Reserve)} of them in reserve"
            + (budget.Unheard > 0
                ? $" and up to {Figures.Count(budget.Unheard)} granted where nothing is heard; "
                : "; ")
            + $"at most {Figures.Count(budget.PerWorkflow)} a workflow and slot";

    private static Sheet Slots(IReadOnlyList<SlotExplanationJson> slots) => new(
        [new("slot"), new("phase"), new("retries", IsNumber: true), new("share", IsNumber: true), new("why")],
        slots.Select(slot => (IReadOnlyList<string>)
        [
            Place(slot.Slot, slot.Datacenter),
            Figures.Word(slot.Phase),
            Figures.Count(slot.RetriesGranted),
            Figures.Count(slot.RetryShare),
            slot.Reason.Length > 0 ? slot.Reason : Figures.None,
        ]));

    // Waits have lines of their own.
    private static bool IsWorthTelling(WorkflowExplanationJson workflow) =>
        workflow.RetriesGranted > 0
        || (workflow.Phase == WorkflowPhase.Ended && workflow.Reason.Length > 0);

    private static Sheet Workflows(
        IReadOnlyList<(SlotExplanationJson Slot, WorkflowExplanationJson Workflow)> workflows) => new(
        [
            new("slot"), new("workflow"), new("attempts", IsNumber: true), new("retries", IsNumber: true),
            new("left", IsNumber: true), new("state"), new("reason"),
        ],
        workflows.Select(each => (IReadOnlyList<string>)
        [
            Place(each.Slot.Slot, each.Slot.Datacenter),
            each.Workflow.Workflow,
            Figures.Count(each.Workflow.Attempts),
            Figures.Count(each.Workflow.RetriesGranted),
            Figures.Count(each.Workflow.RetriesLeft),
            each.Workflow.State is { } state ? Figures.Word(state) : Figures.Word(each.Workflow.Phase),
            each.Workflow.Reason.Length > 0 ? each.Workflow.Reason : Figures.None,
        ]));

    private static void DrawKill(string what, KillJson kill, CliContext context)
    {
        var guard = kill.Enforcer.Length > 0 ? $"its guard, by {kill.Enforcer}" : "its guard";
        context.Out.WriteLine(Figures.Clean($"{what} was killed by {guard}: {kill.Message}"));
        var levels = kill.Levels.Select(level =>
            $"{level.Level} {Age(level.AgeMs)} s before");
        context.Out.WriteLine(Figures.Clean(
            $"  warn at {kill.WarnAt}, throttle at {kill.ThrottleAt}, kill at {kill.KillAt} "
            + $"{UnitOf(kill)}: {string.Join(", ", levels)}"));
        Screen.Draw(
            new Sheet(
                [
                    new("seconds before", IsNumber: true), new(kill.Violation, IsNumber: true),
                    new("filtered", IsNumber: true), new("deviation", IsNumber: true),
                ],
                kill.Samples.Select(sample => (IReadOnlyList<string>)
                [
                    Age(sample.AgeMs),
                    Figures.Count(sample.Raw),
                    Figures.Count(sample.Filtered),
                    Figures.Count(sample.Deviation),
                ])),
            context);
    }

    // Levels can follow each other within a second.
    private static string Age(long milliseconds) =>
        (milliseconds / 1000.0).ToString("F1", CultureInfo.InvariantCulture);

    private static string UnitOf(KillJson kill) => kill.Violation switch
    {
        "cpu" => "percent of a core",
        "memory" => "bytes",
        _ => "descriptors",
    };

    private static Sheet Waits(IReadOnlyList<WaitJson> waits, WallTime now) => new(
        [new("slot"), new("workflow"), new("waits for"), new("since"), new("until"), new("reason")],
        waits.Select(wait => (IReadOnlyList<string>)
        [
            Place(wait.Slot, wait.Datacenter),
            wait.Workflow ?? Figures.None,
            wait.For,
            wait.Since is { } since ? Since(since, now) : Figures.None,
            wait.Until is { } until ? Figures.Time(until) : Figures.None,
            wait.Reason.Length > 0 ? wait.Reason : Figures.None,
        ]));

    private static Sheet Grants(IReadOnlyList<GrantJson> grants) => new(
        [new("retry granted to"), new("workflow"), new("attempt", IsNumber: true), new("cause")],
        grants.Select(grant => (IReadOnlyList<string>)
        [
            Place(grant.Slot, grant.Datacenter), grant.Workflow, Figures.Count(grant.Attempt), grant.Cause,
        ]));

    private static string Place(int slot, string datacenter) =>
        datacenter.Length > 0 ? datacenter : $"slot {Figures.Count(slot)}";

    // Clocks differ: what began a moment ahead of this one began now.
    private static string Since(WallTime since, WallTime now) =>
        $"{Figures.Time(since)} ({Figures.Seconds(Duration.Longer(now - since, Duration.Zero))})";
}
