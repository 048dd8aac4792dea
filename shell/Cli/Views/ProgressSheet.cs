using Hyperscale.Det.Jobs;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Cli.Views;

/// <summary>A job as it stands: one row for each workflow in each datacenter.</summary>
internal static class ProgressSheet
{
    public static Sheet Of(StatusJson status, RateMeter? rates)
    {
        var columns = new List<SheetColumn>
        {
            new("workflow"), new("datacenter"), new("phase"), new("worker"), new("requests", true),
            new("rate/s", true), new("errors", true), new("p95 ms", true),
        };
        var rows =
            from index in Enumerable.Range(0, status.Slots.Count == 0 ? 0 : status.Slots[0].Workflows.Count)
            from slot in status.Slots
            select Row(slot, index, rates);
        return new Sheet(columns, [.. rows]);
    }

    /// <summary>A slot's datacenter, or the slot's number as long as it has none.</summary>
    public static string Place(SlotJson slot) =>
        slot.Datacenter.Length > 0 ? slot.Datacenter : $"slot {Figures.Count(slot.Slot)}";

    /// <summary>How a workflow stands: its end once it has one, before that its phase, and its slot's as long
    /// as that says more. One that its slot ended without is skipped.</summary>
    public static string Phase(SlotJson slot, WorkflowJson workflow)
    {
        if (workflow.State is { } state) return Figures.Word(state);
        if (slot.State is not null) return "skipped";
        return slot.Phase is SlotPhase.Running or SlotPhase.Reported
            ? Figures.Word(workflow.Phase)
            : Figures.Word(slot.Phase);
    }

    private static IReadOnlyList<string> Row(SlotJson slot, int index, RateMeter? rates)
    {
        var workflow = slot.Workflows[index];
        var isRunning = workflow.Phase == WorkflowPhase.Running;
        var rate = isRunning ? rates?.Of(slot.Slot, index) : null;
        return
        [
            workflow.Name,
            Place(slot),
            Phase(slot, workflow),
            workflow.Worker.Length > 0 ? workflow.Worker : Figures.None,
            Figures.Count(workflow.Numbers.Requests),
            rate is { } known ? Figures.Rate(known) : Figures.None,
            Figures.Count(workflow.Numbers.Errors),
            Figures.Milliseconds(workflow.Numbers.P95Ms),
        ];
    }
}
