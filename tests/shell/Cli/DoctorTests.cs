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

    private static string? NameOf(JsonElement enforcer) => enforcer.GetProperty("name").GetString();
}
