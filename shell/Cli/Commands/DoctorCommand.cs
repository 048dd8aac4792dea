using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Shell.Config;
using Hyperscale.Det.Shell.Json;
using Hyperscale.Det.Shell.Resources;

namespace Hyperscale.Det.Shell.Cli.Commands;

internal static class DoctorCommand
{
    public static Command Create(CliContext context)
    {
        var json = SharedOptions.Json("Print the findings as JSON");
        var config = new Option<string?>("--config")
        {
            HelpName = "FILE",
            Description = "The worker's configuration, whose settings count as they do for it "
                + "[default: the environment alone]",
        };
        var command = new DescribedCommand("doctor", "Show how a worker would guard workloads here", """
            Tries every way in which this host may let a worker look at its workloads' processes and hold
            them back, and tells which one a worker would use, why the better ones cannot be used, what memory
            and cores there are, and the guards' settings as a worker of that configuration would have them.
            It starts nothing and leaves nothing behind.

            Examples:
              hyperscale doctor
              hyperscale doctor --config shell/examples/cluster/worker-1.json
              hyperscale doctor --json | jq -r .enforcer
            """)
        {
            json, config,
        };
        command.SetAction((parsed, _) =>
            Task.FromResult(Run(parsed.GetValue(json), parsed.GetValue(config), context)));
        return command;
    }

    private static int Run(bool isJson, string? file, CliContext context)
    {
        var settings = file is null
            ? GivenSettings.OfEnvironment(GivenSettings.OfProcess())
            : NodeSettingsReader.Read(file).Settings;
        var findings = Look(settings.Resources);
        if (isJson)
            context.Out.WriteLine(JsonSerializer.Serialize(findings, ApiJson.Indented.DoctorJson));
        else Draw(findings, context);
        return (int)ExitCode.Ok;
    }

    private static DoctorJson Look(ResourceConfig guards)
    {
        var enforcers = Enforcers.Probe();
        var machine = MachineReader.Read(Instant.Zero);
        return new DoctorJson(
            enforcers.First(enforcer => enforcer.Fault is null).Name,
            [.. enforcers.Select(enforcer => new EnforcerJson(enforcer.Name, enforcer.Fault))],
            Environment.ProcessorCount,
            machine.MemoryTotalBytes,
            machine.MemoryUsedBytes,
            guards.IsEnabled,
            guards.SampleInterval,
            guards.GracePeriod,
            guards.WarnThreshold,
            guards.ThrottleThreshold,
            guards.KillThreshold);
    }

    private static void Draw(DoctorJson findings, CliContext context)
    {
        var culture = CultureInfo.InvariantCulture;
        context.Out.WriteLine($"enforcer: {findings.Enforcer}");
        foreach (var (name, fault) in findings.Enforcers)
            context.Out.WriteLine(
                $"  {name}: {(fault is null ? "can be used" : $"cannot be used: {fault}")}");
        context.Out.WriteLine(string.Create(
            culture,
            $"machine: {findings.Cores} cores, {findings.MemoryUsedBytes / 1048576} of "
            + $"{findings.MemoryTotalBytes / 1048576} MiB in use"));
        context.Out.WriteLine(findings.GuardsEnabled
            ? string.Create(
                culture,
                $"guards: every {findings.SampleInterval}; warn at {findings.WarnThreshold}, throttle at "
                + $"{findings.ThrottleThreshold}, kill at {findings.KillThreshold} of a budget after "
                + $"{findings.GracePeriod}")
            : "guards: switched off by RESOURCE_GUARD_ENABLED");
    }
}
