using System.Globalization;

namespace Hyperscale.Det.Tests.Shell.Cli;

/// <summary>The configuration of a cluster of one gate and three datacenters of three managers and a worker
/// each.</summary>
internal static class ThreeDatacenters
{
    private const int ManagersEach = 3;

    public static IReadOnlyList<string> Names => ["dc-a", "dc-b", "dc-c"];

    /// <summary>By name of the node, which begins with its role.</summary>
    public static IReadOnlyDictionary<string, string> Texts
    {
        get
        {
            var texts = new SortedDictionary<string, string>(StringComparer.Ordinal)
            {
                ["gate-1"] = Text("gate-1", "gate", """
                    "listen": "127.0.0.1:7101", "httpListen": "127.0.0.1:8400",
                    "dataDirectory": "data/gate-1",
                    """),
            };
            foreach (var datacenter in Names)
            {
                for (var i = 0; i < ManagersEach; i++)
                    texts[ManagersOf(datacenter)[i]] = Text($"{datacenter}/manager-{i + 1}", "manager", $"""
                        "datacenter": "{datacenter}", "listen": "127.0.0.1:{PortOf(datacenter, i)}",
                        "dataDirectory": "data/{ManagersOf(datacenter)[i]}",
                        """);
                texts[$"worker-{datacenter}"] = Text($"{datacenter}/worker-1", "worker", $"""
                    "datacenter": "{datacenter}", "cores": 1,
                    """);
            }

            return texts;
        }
    }

    public static IReadOnlyList<string> ManagersOf(string datacenter) =>
        [.. Enumerable.Range(1, ManagersEach).Select(i => $"manager-{datacenter}-{i}")];

    private static string Text(string id, string role, string own) => $$"""
        {
          "clusterId": "three-datacenters", "nodeId": "{{id}}", "role": "{{role}}", {{own}}
          "topology": {
            "gates": [ { "id": "gate-1", "address": "127.0.0.1:7101" } ],
            "datacenters": [ {{string.Join(", ", Names.Select(Datacenter))}} ]
          }
        }
        """;

    private static string Datacenter(string name)
    {
        var managers = Enumerable.Range(0, ManagersEach).Select(i => Manager(name, i));
        return $$"""{ "name": "{{name}}", "managers": [ {{string.Join(", ", managers)}} ] }""";
    }

    private static string Manager(string name, int i) =>
        $$"""{ "id": "{{name}}/manager-{{i + 1}}", "address": "127.0.0.1:{{PortOf(name, i)}}" }""";

    private static string PortOf(string datacenter, int manager) =>
        (7200 + (10 * Names.ToList().IndexOf(datacenter)) + manager).ToString(CultureInfo.InvariantCulture);
}
