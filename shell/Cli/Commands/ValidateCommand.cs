using System.CommandLine;
using System.Text.Json;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Shell.Cli.Views;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Cli.Commands;

internal static class ValidateCommand
{
    public static Command Create(CliContext context)
    {
        var file = SharedOptions.JobFile();
        var target = SharedOptions.Target();
        var json = SharedOptions.Json("Print the findings as JSON");
        var command = new DescribedCommand("validate", "Check a job's file without running it", """
            Tells all faults at once, each with its place in the file and what is allowed there. The exit code
            is 0 for a valid job and 2 for any other.

            Examples:
              hyperscale validate job.json
              hyperscale validate job.json --target http://127.0.0.1:8080
            """)
        {
            file, target, json,
        };
        command.SetAction((parsed, _) => Task.FromResult(Run(
            parsed.GetRequiredValue(file), parsed.GetValue(target), parsed.GetValue(json), context)));
        return command;
    }

    private static int Run(string file, string? target, bool isJson, CliContext context)
    {
        var job = JobFile.Open(file);
        var faults = new List<JobFault>();
        var notes = new List<JobNote>();
        var spec = job.Check(target, faults, notes);
        if (isJson) context.Out.WriteLine(Json(spec, faults, notes));
        else
        {
            foreach (var fault in faults) context.WriteError($"{file}: {fault.Path}: {fault.Message}");
            foreach (var note in notes) context.WriteError($"{file}: {note.Path}: {note.Message}");
            if (spec is not null)
                context.Out.WriteLine($"{file}: ok: {Describe(spec, job.NeedsTarget && target is null)}");
        }

        return (int)(spec is null ? ExitCode.Usage : ExitCode.Ok);
    }

    private static string Describe(JobSpec spec, bool needsTarget)
    {
        var workflows = Figures.Counted(spec.Workflows.Count, "workflow");
        var datacenters = Figures.Counted(spec.Datacenters.Count, "datacenter");
        var open = needsTarget ? "; uses ${TARGET}, so it needs --target URL" : "";
        return $"'{spec.Name}', {workflows} in {datacenters}, {JobPlan.Of(spec).Whole}{open}";
    }

    private static string Json(JobSpec? spec, List<JobFault> faults, List<JobNote> notes) =>
        JsonSerializer.Serialize(
            new ValidationJson(
                spec is not null,
                [.. faults.Select(fault => new FaultJson(fault.Path, fault.Message))],
                [.. notes.Select(note => new FaultJson(note.Path, note.Message))]),
            ApiJson.Indented.ValidationJson);
}
