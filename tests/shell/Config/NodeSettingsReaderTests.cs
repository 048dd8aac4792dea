using System.Text;
using System.Text.Json.Nodes;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Config;

namespace Hyperscale.Det.Tests.Shell.Config;

public class NodeSettingsReaderTests
{
    private const string Gate = """
        { "clusterId": "demo", "nodeId": "gate-1", "role": "gate",
          "listen": "127.0.0.1:7101", "httpListen": "127.0.0.1:8400", "dataDirectory": "data/gate-1",
          "topology": {
            "gates": [ { "id": "gate-1", "address": "127.0.0.1:7101" } ],
            "datacenters": [
              { "name": "dc-a", "managers": [
                { "id": "dc-a/manager-1", "address": "127.0.0.1:7201" },
                { "id": "dc-a/manager-2", "address": "[::1]:7202" } ] } ],
            "ledgerGroups": 8 } }
        """;

    [Fact]
    public void A_gate_is_read_with_its_cluster()
    {
        var node = Parse(Gate);

        Assert.Equal(NodeId.Of("gate-1"), node.Id);
        Assert.Equal(NodeRole.Gate, node.Role);
        Assert.Equal("127.0.0.1:7101", node.Listen!.ToString());
        Assert.Equal("127.0.0.1:8400", node.HttpListen!.ToString());
        Assert.Equal("/etc/cluster/data/gate-1", node.DataDirectory);
        Assert.Equal(8, node.Topology.LedgerGroups);
        Assert.Equal("demo", node.Topology.ClusterId);
        Assert.Equal(NodeId.Of("dc-a/manager-1"), node.Topology.Datacenter("dc-a")!.Managers[0]);
        Assert.Equal(new PeerAddress("::1", 7202), node.Addresses[NodeId.Of("dc-a/manager-2")]);
    }

    [Fact]
    public void Settings_come_from_the_file_and_before_it_from_the_environment()
    {
        var file = With(
            Gate, "$.settings",
            "{ \"IDEMPOTENCY_MAX_ENTRIES\": 7, \"IDEMPOTENCY_PENDING_TTL_SECONDS\": \"90s\" }");
        Assert.Equal(7, Parse(file).Settings.Idempotency.MaxEntries);
        Assert.Equal(Duration.FromSeconds(90), Parse(file).Settings.Idempotency.PendingTtl);

        var node = Parse(file, new GivenSetting("IDEMPOTENCY_MAX_ENTRIES", "8"));
        Assert.Equal(8, node.Settings.Idempotency.MaxEntries);
        Assert.Equal(Duration.FromSeconds(90), node.Settings.Idempotency.PendingTtl);
    }

    [Theory]
    [InlineData("IDEMPOTENCY_MAX_ENTRIES", "0", "environment: IDEMPOTENCY_MAX_ENTRIES: is '0'; a")]
    [InlineData("IDEMPOTENCY_MAX_ENTRYS", "7", "environment: IDEMPOTENCY_MAX_ENTRYS: is unknown")]
    public void A_fault_of_the_environment_says_so(string name, string value, string expected)
    {
        var fault = Assert.Throws<ConfigException>(() => Parse(Gate, new GivenSetting(name, value)));
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "{ \"IDEMPOTENCY_WAIT_FOR_PENDING\": 1 }",
        "$.settings.IDEMPOTENCY_WAIT_FOR_PENDING: is '1'; true or false")]
    [InlineData("{ \"COLOUR\": 1 }", "$.settings.COLOUR: is unknown; settings begin with IDEMPOTENCY_")]
    [InlineData("[]", "$.settings: an object of settings and their values is needed")]
    public void A_fault_of_the_files_settings_has_its_path(string settings, string expected) =>
        Assert.Contains(expected, Refuse(With(Gate, "$.settings", settings)), StringComparison.Ordinal);

    [Fact]
    public void A_worker_needs_cores_and_a_datacenter_and_no_port()
    {
        var node = Parse(Worker());

        Assert.Equal(3, node.Cores);
        Assert.Equal("dc-a", node.Datacenter);
        Assert.Null(node.Listen);
        Assert.Equal("", node.DataDirectory);
    }

    [Theory]
    [InlineData("$.nodeId", "\"Gate 1\"", "$.nodeId: 'Gate 1' is not allowed; a node name of 1 to 64")]
    [InlineData("$.nodeId", "\"gate-9\"", "$.nodeId: gate 'gate-9' is not in $.topology.gates")]
    [InlineData("$.nodeId", "7", "$.nodeId: is the number 7; a node name")]
    [InlineData("$.clusterId", null, "$.clusterId: is missing; a text of 1 to 64 characters is needed")]
    [InlineData("$.clusterId", "\"\"", "$.clusterId: is the text ''; a text of 1 to 64 characters is needed")]
    [InlineData("$.role", "\"boss\"", "$.role: 'boss' is no role; gate, manager or worker is needed")]
    [InlineData("$.role", null, "$.role: is missing; gate, manager or worker is needed")]
    [InlineData(
        "$.listen", "\"localhost:1\"", "$.listen: 'localhost:1' cannot be listened on; an IP address")]
    [InlineData("$.listen", "\"127.0.0.1\"", "$.listen: '127.0.0.1' cannot be listened on; an IP address")]
    [InlineData("$.listen", "\"127.0.0.1:70000\"", "$.listen: '127.0.0.1:70000' cannot be listened on")]
    [InlineData("$.httpListen", null, "$.httpListen: is missing; an IP address and port")]
    [InlineData("$.dataDirectory", "[]", "$.dataDirectory: is an empty list; a directory's path is needed")]
    [InlineData("$.colour", "\"red\"", "$.colour: is unknown; allowed here: clusterId, dataDirectory")]
    [InlineData("$.datacenter", "\"dc-a\"", "$.datacenter: a gate belongs to no datacenter")]
    [InlineData("$.cores", "2", "$.cores: is unknown")]
    [InlineData("$.topology", null, "$.topology: is missing; an object with gates and datacenters is needed")]
    [InlineData("$.topology", "[1]", "$.topology: is a list; an object is needed")]
    [InlineData("$.topology.gates", "[]", "$.topology.gates: is an empty list; a list of {id, address}")]
    [InlineData("$.topology.ledgerGroups", "0", "$.topology.ledgerGroups: is the number 0; a whole number")]
    [InlineData("$.topology.ledgerGroups", "1.5", "$.topology.ledgerGroups: is the number 1.5; a whole")]
    public void A_fault_names_the_file_the_path_and_what_is_allowed(
        string path, string? value, string expected)
    {
        var message = Refuse(With(Gate, path, value));

        Assert.Contains($"node.json: {expected}", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1:0")]
    [InlineData("127.0.0.1")]
    [InlineData(":7101")]
    [InlineData("a b:7101")]
    [InlineData("::1:7101")]
    [InlineData("host:-1")]
    [InlineData("host:65536")]
    public void A_bad_peer_address_is_named_with_what_is_allowed(string address)
    {
        var message = Refuse(With(Gate, "$.topology.gates[0].address", $"\"{address}\""));

        Assert.Contains(
            $"node.json: $.topology.gates[0].address: '{address}' is no address; "
            + $"{PeerAddress.Grammar} is needed",
            message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_id_used_twice_is_named_with_both_places()
    {
        var text = With(Gate, "$.topology.datacenters[0].managers[1].id", "\"gate-1\"");

        Assert.Contains(
            "$.topology.datacenters[0].managers[1].id: 'gate-1' is already the node at "
            + "$.topology.gates[0].id",
            Refuse(text), StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_used_twice_is_named_with_both_places()
    {
        var text = With(Gate, "$.topology.datacenters[0].managers[0].address", "\"127.0.0.1:7101\"");

        Assert.Contains(
            "managers[0].address: '127.0.0.1:7101' is already used at $.topology.gates[0].address",
            Refuse(text), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("$.datacenter", "\"dc-z\"", "$.datacenter: 'dc-z' is not in $.topology.datacenters: dc-a")]
    [InlineData("$.datacenter", null, "$.datacenter: is missing; a datacenter's name is needed")]
    [InlineData("$.cores", null, "$.cores: is missing; a whole number from 1 to 4096 is needed")]
    [InlineData("$.cores", "0", "$.cores: is the number 0; a whole number from 1 to 4096 is needed")]
    [InlineData("$.dataDirectory", "\"d\"", "$.dataDirectory: a worker keeps no data; leave the field out")]
    [InlineData(
        "$.httpListen", "\"127.0.0.1:1\"", "$.httpListen: only gates serve HTTP; leave the field out")]
    [InlineData("$.nodeId", "\"gate-1\"", "$.nodeId: 'gate-1' is already the node at $.topology.gates[0].id")]
    public void A_worker_out_of_place_is_told_so(string path, string? value, string expected) =>
        Assert.Contains(
            $"node.json: {expected}", Refuse(With(Worker(), path, value)), StringComparison.Ordinal);

    [Fact]
    public void All_faults_are_told_at_once()
    {
        var message = Refuse(With(With(With(Gate, "$.role", null), "$.listen", "1"), "$.extra", "1"));

        Assert.Equal(3, message.Split('\n').Length);
    }

    [Fact]
    public void Text_that_is_no_json_or_names_a_field_twice_is_refused()
    {
        Assert.StartsWith("node.json is not valid JSON: ", Refuse("{ nope"), StringComparison.Ordinal);
        Assert.StartsWith(
            "node.json is not valid JSON: ", Refuse("{\"role\":\"gate\",\"role\":\"gate\"}"),
            StringComparison.Ordinal);
        Assert.Contains("$: is a list; an object is needed", Refuse("[1]"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        var file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

        var fault = Assert.Throws<ConfigException>(() => NodeSettingsReader.Read(file));
        Assert.StartsWith($"{file} cannot be read: ", fault.Message, StringComparison.Ordinal);
    }

    private static string Worker()
    {
        var node = JsonNode.Parse(Gate)!.AsObject();
        foreach (var field in new[] { "listen", "httpListen", "dataDirectory" }) node.Remove(field);
        node["nodeId"] = "dc-a/worker-1";
        node["role"] = "worker";
        node["datacenter"] = "dc-a";
        node["cores"] = 3;
        return node.ToJsonString();
    }

    /// <summary>The text with one value replaced, or removed for null.</summary>
    private static string With(string json, string path, string? value)
    {
        var root = JsonNode.Parse(json)!;
        var steps = path[2..].Replace("[", ".", StringComparison.Ordinal)
            .Replace("]", "", StringComparison.Ordinal).Split('.');
        var at = root;
        foreach (var step in steps[..^1]) at = int.TryParse(step, out var index) ? at[index]! : at[step]!;
        if (value is null) at.AsObject().Remove(steps[^1]);
        else at[steps[^1]] = JsonNode.Parse(value);
        return root.ToJsonString();
    }

    private static string Refuse(string json) => Assert.Throws<ConfigException>(() => Parse(json)).Message;

    private static NodeSettings Parse(string json) =>
        Parse(json, []);

    private static NodeSettings Parse(string json, params GivenSetting[] environment) =>
        NodeSettingsReader.Parse(Encoding.UTF8.GetBytes(json), "node.json", "/etc/cluster", environment);
}
