using System.Collections.Immutable;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Jobs;

/// <summary>Reads the <c>workflows</c> of a job.</summary>
internal sealed class WorkflowReader(TargetPlaceholder target)
{
    private static readonly ImmutableArray<string> Known =
    [
        "name", "kind", "cores", "duration", "timeout", "vus", "ramp", "rate", "dependsOn", "http", "exec",
        "budget",
    ];

    private static readonly ImmutableArray<string> Kinds = ["http", "exec"];
    private static readonly Duration Longest = Duration.FromSeconds(JobLimits.DurationSecondsMax);

    private readonly List<string?> _names = [];

    public IReadOnlyList<WorkflowSpec> Read(JsonValue list)
    {
        var items = list.Items("workflows", 1, JobLimits.WorkflowsMax);
        // Names first: a workflow may wait for one that stands after it.
        var fields = items.Select(item => item.Fields(Known)).ToList();
        foreach (var workflow in fields) _names.Add(workflow is null ? null : Name(workflow));
        var workflows = new List<WorkflowSpec>();
        for (var i = 0; i < fields.Count; i++)
            if (fields[i] is { } known) workflows.Add(Workflow(known, i));
        if (workflows.Count == fields.Count) RefuseCircles(fields, workflows);
        return workflows;
    }

    private string? Name(JsonFields fields)
    {
        if (fields.Require("name", "a name of its own") is not { } at) return null;
        if (at.Name() is not { } name) return null;
        var first = _names.IndexOf(name);
        if (first >= 0)
            at.Fault($"is {FoundText.Quoted(name)}, the name of $.workflows[{first}]; another is allowed");
        return name;
    }

    private WorkflowSpec Workflow(JsonFields fields, int index)
    {
        var kind = fields.Require("kind", "http or exec") is { } at ? Kind(at) : null;
        var duration = fields.Require("duration", "how long it runs")?.Duration(Longest);
        var timeout = fields.Find("timeout")?.Duration(Longest);
        var http = Block(fields, "http", kind, WorkflowKind.Http) is { } httpBlock
            ? HttpSpecReader.Read(httpBlock, target)
            : null;
        var exec = Block(fields, "exec", kind, WorkflowKind.Exec) is { } execBlock ? Exec(execBlock) : null;
        var (vus, rate) = Load(fields, kind);
        var (grace, request) = JobDefaults.Timeouts(timeout, http?.Timeout);
        if (kind == WorkflowKind.Http && request > grace)
            fields.Note($"gives a request {request} and ends {grace} after its duration: a request that "
                + "takes longer fails the workflow");
        return new WorkflowSpec(
            _names[index] ?? "",
            kind ?? WorkflowKind.Http,
            fields.Find("cores") is { } cores ? cores.Integer(1, JobLimits.CoresMax) ?? 1 : JobDefaults.Cores,
            duration ?? Longest,
            kind == WorkflowKind.Exec ? timeout ?? JobDefaults.WorkflowTimeout : grace,
            vus,
            rate,
            fields.Find("dependsOn") is { } names ? DependsOn(names, index) : [],
            http is { } read ? read.Spec with { Timeout = request } : null,
            exec,
            fields.Find("budget") is { } budget ? Budget(budget) : null)
        {
            Ramp = Ramp(fields, duration ?? Longest),
        };
    }

    private static Duration? Ramp(JsonFields fields, Duration longest)
    {
        if (fields.Find("ramp") is not { } ramp) return null;
        if (fields.Find("vus") is not null) return ramp.Duration(longest);
        ramp.Fault("is there, but vus is not; ramp is allowed with vus only");
        return null;
    }

    private static WorkflowKind? Kind(JsonValue at)
    {
        if (at.Text(JobLimits.NameLengthMax) is not { } kind) return null;
        if (kind == "http") return WorkflowKind.Http;
        if (kind == "exec") return WorkflowKind.Exec;
        at.RefuseName("http or exec", kind, Kinds);
        return null;
    }

    /// <summary>The block of one kind, if it is to be read.</summary>
    private static JsonValue? Block(JsonFields fields, string name, WorkflowKind? kind, WorkflowKind blocks)
    {
        if (kind == blocks) return fields.Require(name, $"what a workflow of kind {name} does");
        var block = fields.Find(name);
        if (kind is null || block is null) return block;
        block.Value.Fault($"is there, but the kind is another; {name} is allowed with kind {name} only");
        return null;
    }

    private static (int? Vus, int? Rate) Load(JsonFields fields, WorkflowKind? kind)
    {
        var (vus, rate) = (fields.Find("vus"), fields.Find("rate"));
        if (kind == WorkflowKind.Exec)
        {
            vus?.Fault("is there, but the kind is exec; vus is allowed with kind http only");
            rate?.Fault("is there, but the kind is exec; rate is allowed with kind http only");
            return (null, null);
        }

        if (kind == WorkflowKind.Http && vus is null == rate is null)
        {
            var found = vus is null ? "neither vus nor rate" : "both vus and rate";
            fields.Fault($"has {found}; one of them is allowed: vus for users who wait for each answer, "
                + "rate for requests started a second");
        }

        return (vus?.Integer(1, JobLimits.VusMax), rate?.Integer(1, JobLimits.RateMax));
    }

    private List<int> DependsOn(JsonValue list, int index)
    {
        var indices = new List<int>();
        foreach (var item in list.Items("names of workflows", 0, JobLimits.WorkflowsMax))
        {
            if (item.Text(JobLimits.NameLengthMax) is not { } name) continue;
            var found = _names.IndexOf(name);
            if (found < 0)
                item.RefuseName("the name of another workflow", name, _names.OfType<string>());
            else if (found == index)
                item.Refuse("the name of another workflow", "; a workflow cannot wait for itself");
            else if (indices.Contains(found))
                item.Fault($"is {FoundText.Quoted(name)} once more; each name once is allowed");
            else
                indices.Add(found);
        }

        return indices;
    }

    private ExecSpec? Exec(JsonValue block)
    {
        if (block.Fields(["command"]) is not { } fields) return null;
        if (fields.Require("command", "a list of the program and its arguments") is not { } list) return null;
        var items = list.Items("texts: the program and its arguments", 1, JobLimits.CommandPartsMax);
        return new ExecSpec([.. items.Select((item, at) => CommandPart(item, at == 0) ?? "")]);
    }

    private string? CommandPart(JsonValue at, bool isProgram)
    {
        if (at.Text(JobLimits.CommandPartLengthMax) is not { } part) return null;
        if (isProgram && part.Trim().Length == 0) at.Refuse("the name or path of a program");
        if (part.Contains('\0', StringComparison.Ordinal)) at.Refuse("a text without the character 0");
        return target.Fill(at, part, JobLimits.CommandPartLengthMax);
    }

    private static ResourceBudget? Budget(JsonValue block) =>
        block.Fields(["cpuPercent", "memoryBytes", "fileDescriptors", "retryKilled"]) is { } fields
            ? new ResourceBudget(
                fields.Find("cpuPercent")?.Integer(1, JobLimits.CpuPercentMax),
                fields.Find("memoryBytes")?.Whole(1, long.MaxValue),
                fields.Find("fileDescriptors")?.Integer(1, JobLimits.FileDescriptorsMax),
                fields.Find("retryKilled")?.Flag() ?? false)
            : null;

    private static void RefuseCircles(List<JsonFields?> fields, List<WorkflowSpec> workflows)
    {
        foreach (var circle in DependencyCircles.Of([.. workflows.Select(w => w.DependsOn)]))
        {
            var names = circle.Append(circle[0]).Select(i => FoundText.Shown(workflows[i].Name));
            var text = FoundText.Shown(string.Join(" -> ", names), JobLimits.ReasonLengthMax / 2);
            fields[circle[0]]!.Find("dependsOn")?.Fault(
                $"makes a circle: {text}; waiting for workflows that do not wait for it is allowed");
        }
    }
}
