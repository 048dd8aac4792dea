using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Jobs;

public static partial class JobFields
{
    public static void Write(FieldWriter writer, JobSpec spec)
    {
        writer.Text(1, spec.Name);
        writer.Nested(2, spec.Datacenters, Write);
        if (spec.RetryBudget is { } budget) writer.Number(3, budget);
        if (spec.RetryBudgetPerWorkflow is { } each) writer.Number(4, each);
        if (spec.BestEffort is { } bestEffort) writer.Nested(5, bestEffort, Write);
        if (spec.Slo is { } slo) writer.Nested(6, slo, Write);
        foreach (var threshold in spec.Thresholds) writer.Nested(7, threshold, Write);
        foreach (var workflow in spec.Workflows) writer.Nested(8, workflow, Write);
    }

    public static JobSpec? ReadJobSpec(ref FieldReader reader)
    {
        var name = "";
        DatacenterChoice? datacenters = null;
        int? budget = null, each = null;
        BestEffortSpec? bestEffort = null;
        SloSpec? slo = null;
        var thresholds = new List<Threshold>();
        var workflows = new List<WorkflowSpec>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: name = reader.Text("name", JobLimits.NameLengthMax); break;
                case 2: datacenters = reader.Nested("datacenters", ReadDatacenterChoice); break;
                case 3: budget = reader.Integer("retryBudget", 0, JobLimits.RetryBudgetMax); break;
                case 4:
                    each = reader.Integer("retryBudgetPerWorkflow", 0, JobLimits.RetryBudgetPerWorkflowMax);
                    break;
                case 5: bestEffort = reader.Nested("bestEffort", ReadBestEffort); break;
                case 6: slo = reader.Nested("slo", ReadSlo); break;
                case 7:
                    reader.Element("thresholds", thresholds, JobLimits.ThresholdsMax, ReadThreshold);
                    break;
                case 8:
                    reader.Element("workflows", workflows, JobLimits.WorkflowsMax, ReadWorkflowSpec);
                    break;
                default: break;
            }
        }

        reader.Require(1, "name");
        reader.Require(2, "datacenters");
        reader.Require(8, "workflows");
        CheckDependencies(ref reader, workflows);
        return reader.Fault is null
            ? new JobSpec(name, datacenters!, budget, each, bestEffort, slo, thresholds, workflows)
            : null;
    }

    public static void Write(FieldWriter writer, WorkflowSpec workflow)
    {
        writer.Text(1, workflow.Name);
        writer.Number(2, (long)workflow.Kind);
        writer.Number(3, workflow.Cores);
        writer.Number(4, workflow.Duration.Nanoseconds);
        writer.Number(5, workflow.Timeout.Nanoseconds);
        if (workflow.Vus is { } vus) writer.Number(6, vus);
        if (workflow.Rate is { } rate) writer.Number(7, rate);
        foreach (var index in workflow.DependsOn) writer.Number(8, index);
        if (workflow.Http is { } http) writer.Nested(9, http, Write);
        if (workflow.Exec is { } exec) writer.Nested(10, exec, Write);
        if (workflow.Budget is { } budget) writer.Nested(11, budget, Write);
        if (workflow.Ramp is { } ramp) writer.Number(12, ramp.Nanoseconds);
    }

    public static WorkflowSpec? ReadWorkflowSpec(ref FieldReader reader)
    {
        var name = "";
        var kind = WorkflowKind.Http;
        var cores = 0;
        Duration duration = default, timeout = default;
        Duration? ramp = null;
        int? vus = null, rate = null;
        var dependsOn = new List<int>();
        HttpSpec? http = null;
        ExecSpec? exec = null;
        ResourceBudget? budget = null;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: name = reader.Text("name", JobLimits.NameLengthMax); break;
                case 2: kind = reader.Choice("kind", WorkflowKind.Exec); break;
                case 3: cores = reader.Integer("cores", 1, JobLimits.CoresMax); break;
                case 4: duration = ReadDuration(ref reader, "duration"); break;
                case 5: timeout = ReadDuration(ref reader, "timeout"); break;
                case 6: vus = reader.Integer("vus", 1, JobLimits.VusMax); break;
                case 7: rate = reader.Integer("rate", 1, JobLimits.RateMax); break;
                case 8 when reader.HasRoom("dependsOn", dependsOn.Count, JobLimits.WorkflowsMax):
                    dependsOn.Add(reader.Integer("dependsOn", 0, JobLimits.WorkflowsMax - 1));
                    break;
                case 9: http = reader.Nested("http", ReadHttp); break;
                case 10: exec = reader.Nested("exec", ReadExec); break;
                case 11: budget = reader.Nested("budget", ReadResourceBudget); break;
                case 12: ramp = ReadDuration(ref reader, "ramp"); break;
                default: break;
            }
        }

        reader.Require(1, "name");
        reader.Require(2, "kind");
        reader.Require(3, "cores");
        reader.Require(4, "duration");
        reader.Require(5, "timeout");
        var workflow = new WorkflowSpec(
            name, kind, cores, duration, timeout, vus, rate, dependsOn, http, exec, budget)
        {
            Ramp = ramp,
        };
        CheckKind(ref reader, workflow);
        return reader.Fault is null ? workflow : null;
    }

    private static void CheckKind(ref FieldReader reader, WorkflowSpec workflow)
    {
        var isHttp = workflow.Kind == WorkflowKind.Http;
        reader.Require(!isHttp || workflow.Http is not null, "http");
        reader.Require(isHttp || workflow.Exec is not null, "exec");
        if (isHttp && workflow.Exec is not null) reader.Fail("exec is there and the kind is http");
        if (!isHttp && workflow.Http is not null) reader.Fail("http is there and the kind is exec");
        reader.Require(!isHttp || workflow.Vus is not null || workflow.Rate is not null, "vus or rate");
        if (isHttp && workflow.Vus is not null && workflow.Rate is not null)
            reader.Fail("both vus and rate are there; one of them is allowed");
        if (workflow.Ramp is null) return;
        if (workflow.Vus is null) reader.Fail("ramp is there without vus");
        if (workflow.Ramp > workflow.Duration) reader.Fail("ramp is longer than the duration");
    }

    private static void CheckDependencies(ref FieldReader reader, List<WorkflowSpec> workflows)
    {
        if (reader.Fault is not null) return;
        for (var i = 0; i < workflows.Count; i++)
        {
            foreach (var index in workflows[i].DependsOn)
            {
                if (index < workflows.Count) continue;
                reader.Fail($"workflows[{i}]: dependsOn is {index}; 0 to {workflows.Count - 1} is allowed");
                return;
            }
        }

        var stuck = FirstInCircle(workflows);
        if (stuck >= 0) reader.Fail($"workflows[{stuck}]: dependsOn comes back to the workflow itself");
    }

    /// <summary>A workflow that can never start since it waits for itself; -1 when there is none. Linear in
    /// the dependencies, whoever sent them.</summary>
    private static int FirstInCircle(List<WorkflowSpec> workflows)
    {
        var waiting = new int[workflows.Count];
        var dependents = new List<int>[workflows.Count];
        for (var i = 0; i < workflows.Count; i++) dependents[i] = [];
        var ready = new Queue<int>();
        for (var i = 0; i < workflows.Count; i++)
        {
            waiting[i] = workflows[i].DependsOn.Count;
            foreach (var index in workflows[i].DependsOn) dependents[index].Add(i);
            if (waiting[i] == 0) ready.Enqueue(i);
        }

        while (ready.TryDequeue(out var ended))
        {
            foreach (var dependent in dependents[ended])
                if (--waiting[dependent] == 0) ready.Enqueue(dependent);
        }

        return Array.FindIndex(waiting, count => count > 0);
    }
}
