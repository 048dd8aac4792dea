using System.Text.Json;

namespace Hyperscale.Det.Tests.Shell.Cli;

public sealed class DoctorTests
{
    [Fact]
    public async Task The_enforcer_that_a_worker_would_use_is_the_best_that_can_be_used()
    {
        var ended = await CliProcess.RunAsync("doctor", "--json");

        Assert.Equal(0, ended.Code);
        using var findings = JsonDocument.Parse(ended.Out);
        var enforcers = findings.RootElement.GetProperty("enforcers").EnumerateArray().ToList();
        Assert.Equal(["cgroup-v2", "cgroup-v1", "proc"], enforcers.Select(NameOf));
        var best = enforcers.First(enforcer =>
            !enforcer.TryGetProperty("fault", out var fault) || fault.ValueKind == JsonValueKind.Null);
        Assert.Equal(NameOf(best), findings.RootElement.GetProperty("enforcer").GetString());
        Assert.True(findings.RootElement.GetProperty("guardsEnabled").GetBoolean());
    }

    [Fact]
    public async Task The_guards_settings_are_those_that_a_worker_of_that_configuration_has()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(
                file,
                """
                {
                  "clusterId": "c", "nodeId": "worker-1", "role": "worker", "datacenter": "dc-a", "cores": 1,
                  "settings": { "RESOURCE_GUARD_GRACE_PERIOD_SECONDS": 9 },
                  "topology": {
                    "gates": [{ "id": "gate-1", "address": "127.0.0.1:7101" }],
                    "datacenters": [
                      { "name": "dc-a", "managers": [{ "id": "m-1", "address": "127.0.0.1:7102" }] }
                    ]
                  }
                }
                """,
                TestContext.Current.CancellationToken);

            var ended = await CliProcess.RunAsync("doctor", "--config", file);

            Assert.Equal((0, ""), (ended.Code, ended.Error));
            Assert.Contains("kill at 1 of a budget after 9s", ended.Out, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static string? NameOf(JsonElement enforcer) => enforcer.GetProperty("name").GetString();
}
