using System.Text;
using System.Text.Json.Nodes;
using Hyperscale.Det.Jobs;

namespace Hyperscale.Det.Tests.Core.Jobs;

/// <summary>Job files for tests: a valid one, and changes to it.</summary>
internal static class JobFile
{
    public const string Target = "http://127.0.0.1:8080";

    public const string Valid = """
        { "name": "checkout",
          "datacenters": { "count": 2, "preferred": ["dc-a"], "only": ["dc-a", "dc-b"] },
          "retryBudget": 20, "retryBudgetPerWorkflow": 3,
          "bestEffort": { "enabled": true, "minDcs": 1, "deadline": "5m", "waitForAll": false },
          "slo": { "p50Ms": 50, "p95Ms": 200, "p99Ms": 500 },
          "thresholds": ["p95Ms < 200", "errorRate < 0.01"],
          "workflows": [
            { "name": "browse", "kind": "http", "cores": 1, "duration": "10s", "timeout": "5s", "vus": 20,
              "http": { "method": "GET", "url": "${TARGET}/items", "headers": { "Accept": "*/*" },
                        "body": null, "expect": [200], "timeout": "2s" } },
            { "name": "pay", "kind": "http", "cores": 1, "duration": "10s", "rate": 500,
              "dependsOn": ["browse"],
              "http": { "method": "POST", "url": "${TARGET}/pay", "body": "{}" } },
            { "name": "custom", "kind": "exec", "cores": 1, "duration": "10s", "timeout": "5s",
              "budget": { "cpuPercent": 100, "memoryBytes": 268435456, "fileDescriptors": 1000 },
              "exec": { "command": ["sh", "-c", "exit 0"] } } ] }
        """;

    public static JobSpec? Read(string json, List<JobFault> faults, string? target = Target) =>
        JobSpecReader.Read(Encoding.UTF8.GetBytes(json), target, faults);

    public static JobSpec ReadValid(string json, string? target = Target)
    {
        var faults = new List<JobFault>();
        var spec = Read(json, faults, target);
        Assert.Empty(faults);
        return Assert.IsType<JobSpec>(spec);
    }

    public static List<JobFault> FaultsOf(string json, string? target = Target)
    {
        var faults = new List<JobFault>();
        Assert.Null(Read(json, faults, target));
        return faults;
    }

    public static List<JobNote> NotesOf(string json)
    {
        var (faults, notes) = (new List<JobFault>(), new List<JobNote>());
        Assert.NotNull(JobSpecReader.Read(Encoding.UTF8.GetBytes(json), Target, faults, notes));
        return notes;
    }

    /// <summary>The valid file with one value set, added or, with null, taken away. Quotes in the value are
    /// single ones.</summary>
    public static string With(string path, string? value) => With(Valid, path, value);

    public static string With(string json, string path, string? value)
    {
        var root = JsonNode.Parse(json)!;
        var at = root;
        var steps = path[1..].Split('.', '[', ']').Where(step => step != "").ToList();
        foreach (var step in steps.SkipLast(1)) at = Child(at, step);
        var text = value?.Replace('\'', '"');
        if (at is JsonArray list) list[int.Parse(steps[^1])] = JsonNode.Parse(text!);
        else if (text is null) at.AsObject().Remove(steps[^1]);
        else at.AsObject()[steps[^1]] = JsonNode.Parse(text);
        return root.ToJsonString();
    }

    private static JsonNode Child(JsonNode node, string step) =>
        node is JsonArray ? node[int.Parse(step)]! : node[step]!;
}
